import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Answer, useServer } from '../support/kit.js'
import { scale } from '../support/scale.js'

const SECONDS = scale(10, 60)
const READERS = 8
const WRITERS = 8

/** Whatever is not a success is a 503 that says when to come again. */
const isHonest = ({ status, headers }: Answer) =>
  (status >= 200 && status < 300) || (status === 503 && headers.get('retry-after') !== null)

describe(`a server all of whose connections are terminated every 100 ms for ${SECONDS} s`, () => {
  const server = useServer({ ownDatabase: true })
  // Of another database, so that it is not terminated itself.
  const terminator = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  beforeAll(() => terminator.connect())
  afterAll(() => terminator.end())

  it(
    'stays alive, loses and doubles no acknowledged write, and answers 503 with Retry-After to what it cannot do',
    async () => {
      const organizations = await Promise.all(Array.from({ length: WRITERS }, () => server.organization()))
      const [{ database }] = await server.database.dataSource.query('select current_database() as database')
      const end = Date.now() + SECONDS * 1_000
      const dishonest: Pick<Answer, 'status' | 'text'>[] = []
      const counts = { read: 0, written: 0, unavailable: 0 }
      const note = (answer: Answer, done: 'read' | 'written'): boolean => {
        if (!isHonest(answer)) dishonest.push({ status: answer.status, text: answer.text })
        counts[answer.status < 300 ? done : 'unavailable']++
        return answer.status < 300
      }

      const terminate = async () => {
        for (; Date.now() < end; await sleep(100))
          await terminator.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
            database,
          ])
      }
      const read = async (number: number) => {
        const { owner, path } = organizations[number % WRITERS]!
        for (let turn = 0; Date.now() < end; turn++, await sleep(2))
          note(await owner.get(turn % 2 ? path : '/api/organizations/'), 'read')
      }
      const written = organizations.map(() => ({ created: new Set<string>(), possibleNames: [] as string[] }))
      const write = async (number: number) => {
        const { owner, path, view } = organizations[number]!
        const mine = written[number]!
        mine.possibleNames = [view.name]
        for (; Date.now() < end; await sleep(2)) {
          const [created, renamed] = [`Created ${randomUUID()}`, `Renamed ${randomUUID()}`]
          if (note(await owner.post('/api/organizations/', { name: created }), 'written')) mine.created.add(created)
          // Without an answer it may have been done or not.
          mine.possibleNames.push(renamed)
          if (note(await owner.patch(path, { name: renamed }), 'written')) mine.possibleNames = [renamed]
        }
      }
      await Promise.all([
        terminate(),
        ...Array.from({ length: READERS }, (_, number) => read(number)),
        ...Array.from({ length: WRITERS }, (_, number) => write(number)),
      ])

      console.info(`terminated connections, ${SECONDS} s: ${JSON.stringify(counts)}`)
      expect(dishonest).toEqual([])
      // On a busy machine few requests come through between two terminations.
      expect(counts.read + counts.written).toBeGreaterThan(0)
      expect(counts.unavailable).toBeGreaterThan(0)
      for (const [number, { owner, path }] of organizations.entries()) {
        const { created, possibleNames } = written[number]!
        expect(possibleNames).toContain((await owner.get(path)).body.name)
        const rows: { name: string; count: number }[] = await server.database.dataSource.query(
          'select name, count(*)::integer as count from organizations where name = any($1) group by name',
          [[...created]],
        )
        expect(rows.filter(({ count }) => count !== 1)).toEqual([])
        expect(rows).toHaveLength(created.size)
      }
    },
    (SECONDS + 60) * 1_000,
  )
})
