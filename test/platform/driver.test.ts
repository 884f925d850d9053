import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DataSource } from 'typeorm'
import { dataSourceOptions } from '../../src/platform/database/data-source.js'
import { cancelStatement } from '../../src/platform/database/fast-path/cancel.js'
import { closeRunner, poolOf, privates, runnerOn } from '../../src/platform/database/fast-path/driver.js'
import { send } from '../../src/platform/database/fast-path/send.js'
import { UnnamingClient } from '../../src/platform/database/fast-path/unnamed-statements.js'
import { WatchedClient } from '../../src/platform/database/fast-path/watched-client.js'
import { namedQuery } from '../../src/platform/database/fast-path/named-query.js'
import { eventually } from '../support/kit.js'

const url = process.env.TEST_DATABASE_URL!
const named = namedQuery<{ value: number }>('driver.named', 'select $1::integer as value')
const open: { end(): Promise<unknown> }[] = []
afterAll(() => Promise.all(open.map((one) => one.end())))

async function client(pipeline = true, Client: typeof WatchedClient = WatchedClient): Promise<WatchedClient> {
  const made = new Client({ connectionString: url, pipeline })
  open.push(made)
  await made.connect()
  return made
}

const prepared = async (on: WatchedClient): Promise<string[]> => {
  const { rows } = (await on.query('select name from pg_prepared_statements')) as { rows: { name: string }[] }
  return rows.map(({ name }) => name)
}

describe('what we rely on in pg:', () => {
  it('a client that connects says so until it is ready', async () => {
    const made = new WatchedClient({ connectionString: url })
    open.push(made)
    const connecting = made.connect()
    expect(privates(made).isConnecting).toBe(true)
    await connecting
    expect(privates(made).isConnecting).toBe(false)
  })

  it.each([true, false])(
    'a client owes an answer from the call to the whole answer (pipelined: %s)',
    async (pipeline) => {
      const one = await client(pipeline)
      expect(privates(one).owesAnswer).toBe(false)
      let answers = 0
      privates(one).connection.on('readyForQuery', () => answers++)
      for (const text of ['select 1', 'select 1/0']) {
        const answer = one.query(text).catch(() => undefined)
        expect(privates(one).owesAnswer).toBe(true)
        await answer
      }
      const several = [1, 2, 3].map((value) => send(one, named, [value]))
      await several[0]
      expect(await Promise.all(several)).toEqual([1, 2, 3].map((value) => [{ value }]))
      await eventually(
        async () => answers,
        (count) => count === 5,
      )
      expect([privates(one).owesAnswer, one.overdueMs()]).toEqual([false, 0])
    },
  )

  it('what is written to a corked stream leaves when it is uncorked', async () => {
    const one = await client()
    const { stream } = privates(one).connection
    stream.cork()
    const answer = send(one, named, [7])
    expect(stream.writableLength).toBeGreaterThan(0)
    stream.uncork()
    expect(await answer).toEqual([{ value: 7 }])
  })

  it('a submitted query takes our name and our callback, and the name can be left out', async () => {
    const [naming, unnaming] = [await client(), await client(true, UnnamingClient)]
    for (const one of [naming, unnaming]) expect(await send(one, named, [7])).toEqual([{ value: 7 }])
    expect(await prepared(naming)).toEqual(['driver.named'])
    expect(await prepared(unnaming)).toEqual([])
  })

  it('a statement can be cancelled with what the client keeps of its session', async () => {
    const one = await client()
    const sleeping = one.query('select pg_sleep(60)')
    const late = setInterval(() => cancelStatement(one), 50)
    await expect(sleeping).rejects.toMatchObject({ code: '57014' })
    clearInterval(late)
  })

  it('a destroyed client fails its statements, and no process ends for it', async () => {
    const one = await client()
    const answer = one.query('select pg_sleep(60)')
    one.destroy()
    await expect(answer).rejects.toThrow('Connection terminated')
    await expect(one.query('select 1')).rejects.toThrow('not queryable')
  })
})

describe('what we rely on in TypeORM:', () => {
  const dataSource = new DataSource(dataSourceOptions(url, 2))
  beforeAll(() => dataSource.initialize())
  afterAll(() => dataSource.destroy())

  it('its pool makes our clients, with our options, and drops those that are lost', async () => {
    const pool = poolOf(dataSource)
    expect(pool.options).toMatchObject({ max: 2, pipeline: true, Client: WatchedClient })
    const lent = await pool.connect()
    expect(lent).toBeInstanceOf(WatchedClient)
    const answer = lent.query('select pg_sleep(60)')
    ;(lent as unknown as WatchedClient).destroy()
    await expect(answer).rejects.toThrow()
    lent.release()
    expect(pool.totalCount).toBe(0)
  })

  it('a runner works on the connection that it is given, until it is closed', async () => {
    const lent = await poolOf(dataSource).connect()
    await lent.query('begin')
    const runner = runnerOn(dataSource, lent)
    const {
      rows: [own],
    } = await lent.query('select pg_backend_pid() as pid')
    expect(await runner.manager.query('select pg_backend_pid() as pid')).toEqual([own])
    // It neither begins a transaction of its own nor gives the connection back.
    await runner.manager.transaction((manager) => manager.query('select 1'))
    closeRunner(runner, () => new Error('closed'))
    await expect(runner.query('select 1')).rejects.toThrow('closed')
    await lent.query('rollback')
    lent.release()
  })
})
