import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { NestFactory } from '@nestjs/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppModule, Database, loadConfig } from '../../src/index.js'
import { newTestDatabase, type TestDatabase, testEnvironment } from '../support/kit.js'

describe('the outbox', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await newTestDatabase(process.env.TEST_DATABASE_URL)
  })
  afterAll(() => database.close())

  it('is delivered by servers: a command, which has none of their extensions, leaves it to them', async () => {
    const config = loadConfig({ ...testEnvironment(), DATABASE_URL: database.url, LOG_LEVEL: 'silent' })
    const services = await NestFactory.createApplicationContext(AppModule.with(config), { logger: false })
    const { dataSource } = services.get(Database)
    await dataSource.query(
      `insert into outbox (id, type, organization_id, payload)
       values (gen_random_uuid(), 'an.extension.hears', gen_random_uuid(), '{}')`,
    )
    await sleep(2_500)
    expect(await dataSource.query('select type, attempts from outbox')).toEqual([
      { type: 'an.extension.hears', attempts: 0 },
    ])
    await services.close()
  })
})
