import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { EntityManager } from 'typeorm'
import { systemActor, type Transaction, User } from '../../src/index.js'
import { Connections } from '../../src/platform/database/connections.js'
import { contactOf } from '../../src/platform/database/first-contact.js'
import { namedQuery, PAGE, SEARCH } from '../../src/platform/database/fast-path/named-query.js'
import { eventually, useServer } from '../support/kit.js'

const number = namedQuery<{ value: number }>('test.number', 'select $1::integer as value')
const failing = namedQuery('test.failing', 'select 1 / $1::integer')
const slowPage = namedQuery('test.slow_page', 'select pg_sleep($1)', PAGE)
const slowSearch = namedQuery('test.slow_search', 'select pg_sleep($1)', SEARCH)
const whoSleeps = namedQuery<{ pid: number }>('test.who_sleeps', 'select pg_backend_pid() as pid, pg_sleep($1)')
const insertUser = namedQuery('test.insert', 'insert into users (uuid, distinct_id, email) values ($1, $2, $2)')
const sleeping = namedQuery('test.sleeping', 'select pg_sleep($1)')

describe('statements that share connections', () => {
  const server = useServer({ ownDatabase: true })

  it('get their own answers, however many are under way, and an error is of one alone', async () => {
    const asked = Array.from({ length: 500 }, (_, index) => index)
    const answers = await Promise.all(
      asked.map((index) =>
        index % 10 === 7
          ? server.database.query(failing, [0]).catch((error: Error) => error.message)
          : server.database.query(number, [index]),
      ),
    )
    expect(answers).toEqual(asked.map((index) => (index % 10 === 7 ? 'division by zero' : [{ value: index }])))
  })

  it('fail with a stack that leads to whoever asked', async () => {
    const asks = async () => await server.database.query(failing, [0])
    await expect(asks()).rejects.toMatchObject({ code: '22012', stack: expect.stringContaining(' asks ') })
    const inTransaction = async () => await server.database.transaction((tx) => tx.query(failing, [0]))
    await expect(inTransaction()).rejects.toMatchObject({ stack: expect.stringContaining(' inTransaction ') })
  })

  it.each([
    ['a search that takes long', slowSearch],
    ['a page that takes long, which is asked again', slowPage],
    ['a row that takes long, which is asked again', sleeping],
  ])('do not wait for %s', async (_, slow) => {
    const done: string[] = []
    const slows = Array.from({ length: 4 }, () => server.database.query(slow, [1]).then(() => done.push('slow')))
    const reads = Array.from({ length: 40 }, (_, value) =>
      server.database.query(number, [value]).then(() => done.push('read')),
    )
    await Promise.all([...slows, ...reads])
    expect(done.indexOf('slow')).toBe(40)
  })

  it('of a kind that has been slow borrow a connection, until one of them is quick', async () => {
    const answered = async (seconds: number) => (await server.database.query(whoSleeps, [seconds]))[0]!.pid
    const shared = new Set(await Promise.all(Array.from({ length: 40 }, () => answered(0))))
    expect(shared).not.toContain(await answered(0.5))
    expect(shared).not.toContain(await answered(0))
    await eventually(
      () => answered(0),
      (pid) => shared.has(pid),
    )
  })

  it('fail when their connections break, with 503 for who asked, and go on with new ones', async () => {
    const { owner, path } = await server.organization()
    const broken = Promise.allSettled([1, 2].map(() => server.database.query(slowSearch, [30])))
    await eventually(
      () => server.database.dataSource.query(`select 1 from pg_stat_activity where query like '%pg_sleep%'`),
      (rows) => rows.length > 1,
    )
    const asked = owner.get(path)
    await server.database.dataSource.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    expect((await broken).every(({ status }) => status === 'rejected')).toBe(true)
    expect([200, 503]).toContain((await asked).status)
    const after = await eventually(
      () => owner.get(path),
      ({ status }) => status === 200,
    )
    expect(after.headers.get('retry-after')).toBeNull()
    expect(await Promise.all([1, 2, 3].map((value) => server.database.query(number, [value])))).toEqual([
      [{ value: 1 }],
      [{ value: 2 }],
      [{ value: 3 }],
    ])
  })
})

describe('a server with one connection', () => {
  const server = useServer({ environment: { DATABASE_POOL_SIZE: '1' } })

  it('reads and writes with it', async () => {
    const { owner, path } = await server.organization()
    const changes = Array.from({ length: 5 }, () => owner.patch(path, { name: `Renamed ${randomUUID()}` }))
    const reads = Array.from({ length: 5 }, () => owner.get(path))
    const statuses = (await Promise.all([...changes, ...reads])).map(({ status }) => status)
    expect(statuses).toEqual(statuses.map(() => 200))
  })
})

describe('a server with little patience', () => {
  const server = useServer({ environment: { DATABASE_STATEMENT_TIMEOUT_MS: '200' } })

  it('gives up statements, alone and in transactions, and waits for no lock longer', async () => {
    await expect(server.database.query(slowSearch, [60])).rejects.toMatchObject({ code: '57014' })
    const inTransaction = server.database.transaction((tx) => tx.query(sleeping, [60]))
    await expect(inTransaction).rejects.toMatchObject({ code: '57014' })
    const { row } = await server.user()
    await server.database.transaction(async (tx) => {
      await tx.lock(User, { id: row.id })
      const other = server.database.longTransaction((second) => second.lock(User, { id: row.id }))
      await expect(other).rejects.toMatchObject({ code: '55P03' })
    })
  })

  it('lets a job take longer than a statement and its connection may otherwise', async () => {
    const pid = namedQuery<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid')
    const before = await server.database.longTransaction(async (tx) => {
      await tx.query(sleeping, [2])
      return tx.query(pid, [])
    })
    expect(before).toEqual([{ pid: expect.any(Number) }])
    const after = server.database.transaction((tx) => tx.query(sleeping, [60]))
    await expect(after).rejects.toMatchObject({ code: '57014' })
  })
})

describe('a transaction', () => {
  const server = useServer()
  const user = (email: string) => ({ uuid: randomUUID(), distinct_id: email, email })
  const announcement = { type: 'test.event', item_id: null, payload: {}, changes: null, by: systemActor('test') }
  const eventsOf = async (organization: string) =>
    (
      await server.database.dataSource.query('select type from events where organization_id = $1 order by id', [
        organization,
      ])
    ).map(({ type }: { type: string }) => type)
  const exists = (email: string) => server.database.dataSource.getRepository(User).existsBy({ email })

  it('commits what TypeORM and named statements wrote in it, and then tells who asked to be told', async () => {
    const email = `${randomUUID()}@example.com`
    const told: boolean[] = []
    await server.database.transaction(async (tx) => {
      tx.onCommit(() => void told.push(true))
      await tx.manager.save(User, user(email))
      await tx.query(number, [1])
      expect(told).toEqual([])
    })
    expect([await exists(email), told]).toEqual([true, [true]])
  })

  it('takes back all of it when its work fails, and tells nobody', async () => {
    const email = `${randomUUID()}@example.com`
    const told: boolean[] = []
    const work = server.database.transaction(async (tx) => {
      tx.onCommit(() => void told.push(true))
      await tx.manager.insert(User, user(email))
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect([await exists(email), told]).toEqual([false, []])
  })

  it('does not pass for committed when a statement failed that nobody waited for', async () => {
    const email = `${randomUUID()}@example.com`
    const work = server.database.transaction(async (tx) => {
      await tx.manager.insert(User, user(email))
      tx.query(failing, [0]).catch(() => undefined)
    })
    await expect(work).rejects.toThrow('A statement failed and was not awaited.')
    expect(await exists(email)).toBe(false)
  })

  it('says so too when it had something to publish', async () => {
    const organization = randomUUID()
    const work = server.database.transaction(async (tx) => {
      tx.publish({ ...announcement, organization_id: organization })
      tx.query(failing, [0]).catch(() => undefined)
    })
    await expect(work).rejects.toThrow('A statement failed and was not awaited.')
    expect(await eventsOf(organization)).toEqual([])
  })

  it.each([
    ['', async () => undefined],
    [' behind its last statements', (tx: Transaction) => tx.last(() => tx.query(number, [1]))],
  ])('is undone when the log refuses an event%s', async (_, end) => {
    const [email, organization] = [`${randomUUID()}@example.com`, randomUUID()]
    const work = server.database.transaction(async (tx) => {
      await tx.manager.insert(User, user(email))
      tx.publish({ ...announcement, organization_id: organization })
      tx.publish({ ...announcement, organization_id: organization, type: 'x'.repeat(101) })
      await end(tx)
    })
    await expect(work).rejects.toMatchObject({ code: '22001' })
    expect([await exists(email), await eventsOf(organization)]).toEqual([false, []])
  })

  it('publishes any number of events, in their order', async () => {
    const organization = randomUUID()
    const types = Array.from({ length: 20 }, (_, index) => `test.event_${index}`)
    await server.database.transaction(async (tx) => {
      for (const type of types) tx.publish({ ...announcement, organization_id: organization, type })
    })
    expect(await eventsOf(organization)).toEqual(types)
  })

  it('commits with its last statements, or takes all back when one of them fails', async () => {
    const [kept, undone] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
    const told: string[] = []
    const write = (email: string, divisor: number) =>
      server.database.transaction(async (tx) => {
        tx.onCommit(() => void told.push(email))
        await tx.manager.insert(User, user(email))
        return tx.last(() => Promise.all([tx.query(number, [7]), tx.query(failing, [divisor])]))
      })
    expect((await write(kept, 1))[0]).toEqual([{ value: 7 }])
    await expect(write(undone, 0)).rejects.toThrow('division by zero')
    expect([await exists(kept), await exists(undone), told]).toEqual([true, false, [kept]])
  })

  it('has committed, and says so to who asked, when only its answer could not be used', async () => {
    const email = `${randomUUID()}@example.com`
    const told: boolean[] = []
    const work = server.database.transaction(async (tx) => {
      tx.onCommit(() => void told.push(true))
      await tx.manager.insert(User, user(email))
      return tx.last(async () => {
        await tx.query(number, [7])
        throw new Error('unusable')
      })
    })
    await expect(work).rejects.toThrow('unusable')
    expect([await exists(email), told]).toEqual([true, [true]])
  })

  it('is over when it is over: whatever is asked of it later throws, and nothing of it is done', async () => {
    const email = `${randomUUID()}@example.com`
    let kept!: Transaction
    const ends: ((tx: Transaction) => Promise<unknown>)[] = [
      async () => undefined,
      async (tx) => tx.manager.query('select 1'),
      async (tx) => tx.last(() => tx.query(number, [1])),
      async () => Promise.reject(new Error('no')),
      async (tx) => tx.query(failing, [0]),
    ]
    for (const end of ends) {
      const managers: EntityManager[] = []
      const work = server.database.transaction(async (tx) => {
        kept = tx
        managers.push(tx.manager)
        await end(tx)
      })
      await work.catch(() => undefined)
      for (const later of [
        async () => kept.query(number, [1]),
        async () => kept.manager.insert(User, user(email)),
        async () => managers[0]!.insert(User, user(email)),
        async () => managers[0]!.query('select 1'),
        async () => kept.lock(User, { id: 1 }),
        async () => kept.onCommit(() => undefined),
        async () => kept.last(async () => undefined),
      ])
        await expect(later()).rejects.toThrow(/This transaction is over|already released/)
    }
    expect(await exists(email)).toBe(false)
  })

  it('refuses a statement that comes after its last, so that it does not stay although the transaction failed', async () => {
    const email = `${randomUUID()}@example.com`
    const work = server.database.transaction((tx) =>
      tx.last(async () => {
        await tx.query(failing, [0]).catch(() => undefined)
        await tx.query(insertUser, [randomUUID(), email])
      }),
    )
    await expect(work).rejects.toThrow('This transaction is over')
    const byTypeOrm = server.database.transaction((tx) => tx.last(() => tx.manager.insert(User, user(email))))
    await expect(byTypeOrm).rejects.toThrow('This transaction is over')
    expect(await exists(email)).toBe(false)
  })

  it('takes in what is done for a caller who acts in it: that sees its writes, and is undone with it', async () => {
    const [kept, undone] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
    const told: string[] = []
    const write = (email: string, fails: boolean) =>
      server.database.transaction(async (tx) => {
        await tx.manager.insert(User, user(email))
        const seen = await server.database.transaction(async (part) => {
          part.onCommit(() => void told.push(email))
          return part.manager.existsBy(User, { email })
        }, tx.for({}))
        expect([seen, told.includes(email)]).toEqual([true, false])
        if (fails) throw new Error('no')
      })
    await write(kept, false)
    await expect(write(undone, true)).rejects.toThrow('no')
    expect([await exists(kept), await exists(undone), told]).toEqual([true, false, [kept]])
  })

  it('is not committed by the last statements of a part, and of a part within one', async () => {
    const emails = [1, 2, 3].map(() => `${randomUUID()}@example.com`)
    const insert = (tx: Transaction, email: string) => tx.last(() => tx.query(insertUser, [randomUUID(), email]))
    const work = server.database.transaction(async (tx) => {
      await server.database.transaction(async (part) => {
        await server.database.transaction((inner) => insert(inner, emails[0]!), part.for({}))
        await insert(part, emails[1]!)
      }, tx.for({}))
      expect(await exists(emails[0]!)).toBe(false)
      await tx.query(insertUser, [randomUUID(), emails[2]!])
    })
    await work
    expect(await Promise.all(emails.map(exists))).toEqual([true, true, true])
  })

  it.each([
    ['goes on', async () => 'done'],
    ['ends with its last statements', async (tx: Transaction) => tx.last(() => tx.query(number, [1]))],
  ])('is undone when a part of it failed, also where whoever began the part %s', async (_, end) => {
    const email = `${randomUUID()}@example.com`
    const work = server.database.transaction(async (tx) => {
      const part = server.database.transaction(async (part) => {
        await part.manager.insert(User, user(email))
        throw new Error('half done')
      }, tx.for({}))
      await part.catch(() => undefined)
      return end(tx)
    })
    await expect(work).rejects.toThrow('half done')
    expect(await exists(email)).toBe(false)
  })

  it('is over for its parts too: one that begins after its end is refused', async () => {
    const email = `${randomUUID()}@example.com`
    let late!: () => Promise<unknown>
    await server.database.transaction(async (tx) => {
      late = () => server.database.transaction((part) => part.manager.insert(User, user(email)), tx.for({}))
    })
    await expect(late()).rejects.toThrow('This transaction is over')
    expect(await exists(email)).toBe(false)
  })

  it('waits for other writers of an organization once, and not again for its parts', async () => {
    const organization_id = randomUUID()
    const writes = Array.from({ length: 6 }, (_, index) =>
      server.database.transaction(
        (tx) => server.database.transaction((part) => part.query(number, [index]), tx.for({ organization_id })),
        { organization_id },
      ),
    )
    expect((await Promise.all(writes)).flat().map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('is run again, whole, when PostgreSQL could not serialize a part of it', async () => {
    const runs = { whole: 0, part: 0 }
    const result = await server.database.transaction(async (tx) => {
      runs.whole++
      return server.database.transaction(async (part) => {
        runs.part++
        if (runs.part < 3)
          await part.manager.query(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
        return 'done'
      }, tx.for({}))
    })
    expect([result, runs]).toEqual(['done', { whole: 3, part: 3 }])
  })

  it('is run again, whole, when PostgreSQL could not serialize it', async () => {
    let runs = 0
    const result = await server.database.transaction(async (tx) => {
      runs++
      await tx.manager.query('set transaction isolation level serializable')
      if (runs < 3) await tx.manager.query(`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
      return runs
    })
    expect([result, runs]).toEqual([3, 3])
  })

  it('leaves no connection behind', async () => {
    const open = Array.from({ length: 40 }, (_, index) =>
      server.database.transaction(async (tx) => {
        await tx.query(number, [index])
        if (index % 2 === 0) throw new Error('no')
      }),
    )
    await Promise.allSettled(open)
    expect(await server.database.transaction((tx) => tx.query(number, [1]))).toEqual([{ value: 1 }])
  })
})

describe('the connections of a start that has failed', () => {
  it('are not opened any more: NestJS goes on making what it had begun', async () => {
    const connections = new Connections(contactOf('postgres://127.0.0.1:1/never'))
    await connections.close()
    await expect(connections.open({ type: 'postgres' })).rejects.toThrow('The start was given up.')
  })
})
