import { expect } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { Registry } from 'prom-client'
import type { Answer, TestServer } from '../../src/testing/index.js'

/** Every secret that a test gives away is marked so: by its name, as a JWT, or as the key of `testEnvironment`. */
const MARKED = /planted|eyJhbGci|dGVzdHRlc3R0ZXN0/

/** Places that nobody outside of the tests looks at before a secret would be gone from them. */
const KEEP_EVENTS = `
  create table event_seen (event text);
  create function keep_event() returns trigger language plpgsql as
    'begin insert into event_seen values (to_jsonb(new)::text); return null; end';
  create trigger keep_event after insert or update on events for each row execute function keep_event();
`

/**
 * Remembers all that leaves a server on a database of its own, from now on. Before the server closes it asserts that no
 * secret was in an answer, the log, an event, a metric or the OpenAPI document.
 */
export class Watch {
  private readonly answers: string[] = []

  /** @param seen what it must have seen by then, so that it does not pass for having looked away */
  constructor(
    private readonly server: TestServer,
    private readonly seen = { answers: 6, events: 2 },
  ) {}

  async start(): Promise<void> {
    const { server } = this
    const request = server.request.bind(server)
    server.request = async (...call) => this.remember(call[1], await request(...call))
    const close = server.close.bind(server)
    server.close = () => this.expectNothingPlanted().finally(close)
    await server.database.dataSource.query(KEEP_EVENTS)
  }

  private async expectNothingPlanted(): Promise<void> {
    const { server } = this
    const events: { event: string }[] = await server.database.dataSource.query('select event from event_seen')
    expect(this.answers.length).toBeGreaterThanOrEqual(this.seen.answers)
    expect(server.logLines.length).toBeGreaterThanOrEqual(this.seen.answers)
    expect(events.length).toBeGreaterThanOrEqual(this.seen.events)
    const left = [
      ...this.answers,
      ...server.logLines,
      ...events.map(({ event }) => event),
      await server.application.get(Registry).metrics(),
      (await server.request('GET', '/api/schema/')).text,
      await readFile('docs/openapi.json', 'utf8'),
    ]
    expect(left.filter((text) => MARKED.test(text))).toEqual([])
  }

  private remember(path: string, answer: Answer): Answer {
    this.answers.push(`${path.split('?')[0]} ${answer.status} ${JSON.stringify([...answer.headers])} ${answer.text}`)
    return answer
  }
}
