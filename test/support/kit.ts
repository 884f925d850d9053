import { afterAll, beforeAll, expect } from '@jest/globals'
import { type Answer, TestServer, type TestServerOptions } from '../../src/testing/index.js'

export * from '../../src/testing/index.js'

/** Starts a server for a test file and ends it after. */
export function useServer(options: TestServerOptions = {}): TestServer {
  const server = new TestServer()
  beforeAll(() => server.start(options))
  afterAll(() => server.close())
  return server
}

/** Asserts PostHog's error body, whole. */
export function expectError(
  answer: Answer,
  status: number,
  code: string,
  detail: string,
  attr: string | null = null,
): void {
  const type =
    status === 400 && code !== 'parse_error'
      ? 'validation_error'
      : status === 401 || status === 403
        ? 'authentication_error'
        : status === 429
          ? 'throttled_error'
          : status >= 500
            ? 'server_error'
            : 'invalid_request'
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { type, code, detail, attr } })
  expect(Object.keys(answer.body)).toEqual(['type', 'code', 'detail', 'attr'])
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
}
