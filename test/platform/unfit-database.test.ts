import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { StartError } from '../../src/index.js'
import { migrateUp } from '../../src/platform/database/migrate.js'
import { ServerProcess } from '../support/server-process.js'
import { Plugins } from '../../src/plugins.js'

// Each starts servers in processes of their own, which takes long on a busy machine.
jest.setTimeout(150_000)

const { migrations } = new Plugins()

describe('a database that does not fit ends the start with one sentence', () => {
  const name = () => `polity_unfit_${randomUUID().replaceAll('-', '')}`
  let database: string
  let role: string
  let url: URL
  let admin: pg.Client
  let client: pg.Client

  beforeEach(async () => {
    database = name()
    role = name()
    admin = new pg.Client(process.env.TEST_DATABASE_URL)
    await admin.connect()
    await admin.query(`create database ${database}`)
    await admin.query(`create role ${role} login password 'secret'`)
    url = Object.assign(new URL(process.env.TEST_DATABASE_URL!), { pathname: database })
    client = new pg.Client(url.href)
    await client.connect()
  })

  afterEach(async () => {
    await client.end()
    await admin.query(`drop database ${database} with (force)`)
    await admin.query(`drop role ${role}`)
    await admin.end()
  })

  const asRole = () => Object.assign(new URL(url), { username: role, password: 'secret' }).href

  async function expectRefusal(databaseUrl: string, sentence: RegExp): Promise<void> {
    await expect(migrateUp(databaseUrl, migrations)).rejects.toThrow(StartError)
    const server = new ServerProcess({ DATABASE_URL: databaseUrl })
    expect({ code: await server.ended, out: server.out }).toEqual({ code: 1, out: expect.stringMatching(sentence) })
  }

  it('when it is PostgreSQL 14', async () => {
    // The real server says so, because this function stands before its own.
    await client.query(
      `create function public.current_setting(text) returns text language sql as $$ select '140012' $$`,
    )
    await client.query(`alter database ${database} set search_path = public, pg_catalog`)
    await expectRefusal(url.href, /^The database of DATABASE_URL is PostgreSQL 14\. Upgrade it to 15 or later, .*\n$/)
    expect((await client.query(`select 1 from pg_tables where schemaname = 'public'`)).rows).toEqual([])
  })

  it('when migrations are pending and the role may not create anything', async () => {
    await expectRefusal(
      asRole(),
      /^The role of DATABASE_URL may not run the migrations that are pending: permission denied for schema public\. Run .*\n$/,
    )
  })

  it('when a version that is newer than this one has migrated it', async () => {
    expect(await migrateUp(url.href, migrations)).not.toEqual([])
    await client.query(`insert into migrations (timestamp, name) values (1900000000000, 'Later1900000000000')`)
    await expectRefusal(
      url.href,
      /^The database was migrated by a newer version of Polity, or with a plugin that is missing here \(Later1900000000000\)\. Start .*\n$/,
    )
  })

  it('and not when nothing is pending for a role that may create nothing', async () => {
    await migrateUp(url.href, migrations)
    await client.query(`grant select on migrations to ${role}`)
    expect(await migrateUp(asRole(), migrations)).toEqual([])
  })
})
