import { afterAll, beforeAll, expect } from '@jest/globals'
import type { DynamicModule } from '@nestjs/common'
import { once } from 'node:events'
import { connect } from 'node:net'
import pg from 'pg'
import { EventListeners } from '../../src/index.js'
import {
  type Answer,
  eventually,
  type TestDatabase,
  TestServer,
  type TestServerOptions,
} from '../../src/testing/index.js'
import { holdStatementsToRules } from './sent-statements.js'

export * from '../../src/testing/index.js'

/** Starts a server for a test file and ends it after. */
export function useServer(options: TestServerOptions = {}): TestServer {
  const server = new TestServer()
  holdStatementsToRules()
  beforeAll(() => server.start(options))
  afterAll(() => server.close())
  return server
}

/** A module of somebody else's that registers listeners. */
export const listening = (register: (listeners: EventListeners) => void): DynamicModule => ({
  module: class Listening {},
  providers: [{ provide: 'listening', inject: [EventListeners], useFactory: register }],
})

/** A promise that a test resolves. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
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

/** Shorter than the ten seconds after which a pool would close by itself what was forgotten. */
const DISCONNECTED_WITHIN_MS = 5_000

/** Waits until nobody is connected: PostgreSQL's process of a connection ends a moment after the connection was closed. */
export async function disconnected({ url }: TestDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  await client.connect()
  const name = new URL(url).pathname.slice(1)
  const connected = async () =>
    (await client.query('select query from pg_stat_activity where datname = $1', [name])).rows
  await eventually(connected, (rows) => rows.length === 0, DISCONNECTED_WITHIN_MS).finally(() => client.end())
}

/** What a server answers to these bytes, until it closes the connection. */
export async function raw(server: TestServer, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.write(bytes)
  await once(socket, 'close')
  return answer
}
