import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadModule } from 'libpg-query'
import { DataSource } from 'typeorm'
import { dataSourceOptions } from '../../src/platform/database/data-source.js'
import { Plugins } from '../../src/plugins.js'
import { newTestDatabase, type TestDatabase } from '../support/kit.js'
import { statementsIn } from '../support/statement-tree.js'

const { migrations } = new Plugins()
let database: TestDatabase
let dataSource: DataSource

beforeAll(async () => {
  database = await newTestDatabase(process.env.TEST_DATABASE_URL)
  dataSource = await new DataSource(dataSourceOptions(database.url, 1)).initialize()
  await loadModule()
})

afterAll(async () => {
  await dataSource?.destroy()
  await database?.close()
})

describe('a migration', () => {
  it('sends one statement at a time, up and down', async () => {
    const runner = dataSource.createQueryRunner()
    const sent: string[] = []
    const recording = new Proxy(runner, {
      get: (target, name) =>
        name === 'query'
          ? (text: string) => {
              sent.push(text)
              return target.query(text)
            }
          : Reflect.get(target, name),
    })
    await runner.startTransaction()
    const all = migrations.map((Migration) => new Migration())
    for (const migration of [...all].reverse()) await migration.down(recording)
    for (const migration of all) await migration.up(recording)
    await runner.rollbackTransaction()
    await runner.release()
    expect(sent.length).toBeGreaterThan(all.length)
    expect(sent.filter((text) => statementsIn(text).length !== 1)).toEqual([])
  })
})
