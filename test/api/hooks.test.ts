import { Injectable } from '@nestjs/common'
import { describe, expect, it } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { Config, loadConfig, MembershipLevel, MembersService, OrganizationHooks, StartError } from '../../src/index.js'
import { run } from '../../src/server/cli/run.js'
import { testActor } from '../../src/testing/test-people.js'
import { type ExportRow, membership, organization, user, withExport } from '../import/export-file.js'
import { asked, askedInAll, hookPlugins, SEATS, SEATS_SENTENCE } from '../support/hooks.js'
import { eventually, expectError, testEnvironment, TestServer, type TestUser, useServer } from '../support/kit.js'
import { pluginOf } from '../support/plugin.js'

const server = useServer({ plugins: hookPlugins })

const hooksOf = async (id: string) => (await asked(server, id)).map(({ hook }) => hook)

const add = ({ row }: TestUser, organization_id: string, level = MembershipLevel.Member) =>
  server.application.get(MembersService).add(testActor(organization_id), row.id, level)

const remove = ({ row }: TestUser, organization_id: string) =>
  server.application.get(MembersService).remove(testActor(organization_id), row.id)

describe('hooks of plugins, over HTTP', () => {
  it('are told who is about to create what, and who joins it', async () => {
    const owner = await server.user()
    const { body } = await owner.post('/api/organizations/', { name: 'Acme', enforce_2fa: true })
    expect(await asked(server, body.id)).toEqual([
      { hook: 'quota.beforeCreate', by: 'personal_key person', told: { name: 'Acme', enforce_2fa: true } },
      {
        hook: 'quota.beforeJoin',
        by: 'personal_key person',
        told: { user_id: owner.row.id, level: MembershipLevel.Owner },
      },
    ])
  })

  it('veto a creation with the body of their error, and nothing of it stays', async () => {
    const owner = await server.user()
    const before = await askedInAll(server)
    const refused = await owner.post('/api/organizations/', { name: `Forbidden ${randomUUID()}` })
    expectError(refused, 400, 'no_seat_left', SEATS_SENTENCE, 'name')
    expect((await owner.get('/api/organizations/')).body.results).toEqual([])
    expect(await askedInAll(server)).toBe(before)
  })

  it('are asked in the order of the plugins about what changes, and about nothing else', async () => {
    const { owner, path, id } = await server.organization('Old')
    expect((await owner.patch(path, { name: 'New', enforce_2fa: null })).status).toBe(200)
    expect((await owner.patch(path, { name: 'New' })).status).toBe(200)
    const updates = (await asked(server, id)).filter(({ hook }) => hook.endsWith('Update'))
    expect(updates.map(({ hook }) => hook)).toEqual(['quota.beforeUpdate', 'freezer.beforeUpdate'])
    expect(updates[0]!.told).toEqual({ name: { before: 'Old', after: 'New' } })
  })

  it('veto a change with an exception of NestJS; what hooks before it wrote is undone', async () => {
    const frozen = await server.organization('Frozen')
    const before = await asked(server, frozen.id)
    for (const change of [frozen.owner.patch, frozen.owner.put])
      expectError(
        await change(frozen.path, { name: 'Thawed' }),
        403,
        'permission_denied',
        'Frozen organizations do not change.',
      )
    expect(await frozen.reload()).toMatchObject({ name: 'Frozen' })
    expect(await asked(server, frozen.id)).toEqual(before)
  })

  it('veto a deletion and a restoration', async () => {
    const frozen = await server.organization('Frozen')
    const kept = await frozen.owner.delete(frozen.path)
    expectError(kept, 403, 'permission_denied', 'Frozen organizations stay.')
    expect(await frozen.reload()).toMatchObject({ is_pending_deletion: false })
    const { owner, path, id } = await server.organization('Melting')
    expect((await owner.delete(path)).status).toBe(204)
    await server.database.dataSource.query(`update organizations set name = 'Frozen' where id = $1`, [id])
    const gone = await owner.post(`${path}restore/`)
    expectError(gone, 403, 'permission_denied', 'Frozen organizations stay deleted.')
    await server.database.dataSource.query(`update organizations set name = 'Melting' where id = $1`, [id])
    expect((await owner.post(`${path}restore/`)).status).toBe(200)
    expect((await hooksOf(id)).slice(-2)).toEqual(['freezer.beforeDelete', 'freezer.beforeRestore'])
  })
})

describe('hooks of plugins about members', () => {
  it('count right, however many join at once', async () => {
    const { id } = await server.organization()
    const people = await Promise.all(Array.from({ length: 6 }, () => server.user()))
    const joined = await Promise.allSettled(people.map((person) => add(person, id)))
    expect(joined.filter(({ status }) => status === 'fulfilled')).toHaveLength(SEATS - 1)
    for (const result of joined)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ message: SEATS_SENTENCE })
  })

  it('see who joined meanwhile on another server', async () => {
    const { id } = await server.organization()
    const [ada, ...others] = await Promise.all(Array.from({ length: SEATS }, () => server.user()))
    const elsewhere = server.database.dataSource.createQueryRunner()
    await elsewhere.startTransaction()
    await elsewhere.query('select 1 from organizations where id = $1 for no key update', [id])
    const joining = add(ada!, id).catch((error: Error) => error.message)
    await eventually(
      () =>
        elsewhere.query(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        ),
      (waiting: unknown[]) => waiting.length > 0,
    )
    for (const { row } of others)
      await elsewhere.query(
        'insert into organization_memberships (organization_id, id, user_id, level) values ($1, gen_random_uuid(), $2, 1)',
        [id, row.id],
      )
    await elsewhere.commitTransaction()
    await elsewhere.release()
    expect(await joining).toBe(SEATS_SENTENCE)
  })

  it('are not asked about those who are members already', async () => {
    const { id } = await server.organization()
    const ada = await server.member(id, MembershipLevel.Admin)
    await add(ada, id)
    expect((await hooksOf(id)).filter((hook) => hook === 'quota.beforeJoin')).toHaveLength(2)
  })

  it('veto that somebody leaves', async () => {
    const { id, owner, path } = await server.organization()
    await expect(remove(owner, id)).rejects.toThrow('The owner stays.')
    expect((await owner.get(path)).status).toBe(200)
    const ada = await server.member(id, MembershipLevel.Member)
    await remove(ada, id)
    expect((await ada.get(path)).status).toBe(404)
    const told = { user_id: ada.row.id, level: MembershipLevel.Member }
    expect((await asked(server, id)).pop()).toEqual({ hook: 'quota.beforeRemove', by: 'system nobody', told })
  })
})

async function polity(...args: string[]) {
  const lines: string[] = []
  const output = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) }
  const DATABASE_URL = server.application.get(Config).get('DATABASE_URL')
  const config = loadConfig({ ...testEnvironment(), DATABASE_URL }, { plugins: hookPlugins })
  const code = await run([...args, '--json'], { plugins: hookPlugins, output, config })
  expect(lines).toHaveLength(1)
  return { code, body: JSON.parse(lines[0]!) }
}

describe('hooks of plugins, on the command line', () => {
  it('veto a creation and a restoration', async () => {
    const { email, id } = (await server.user()).row
    const refused = await polity('organizations', 'create', '--name', 'Forbidden', '--owner', email)
    expect(refused).toEqual({
      code: 1,
      body: { type: 'validation_error', code: 'no_seat_left', detail: SEATS_SENTENCE, attr: 'name' },
    })
    const made = await polity('organizations', 'create', '--name', 'Allowed', '--owner', String(id))
    expect(made.code).toBe(0)
    expect(await asked(server, made.body.id)).toMatchObject([{ by: 'system person' }, { by: 'system person' }])
    await server.database.dataSource.query(
      `update organizations set name = 'Frozen', deletion_requested_at = now() where id = $1`,
      [made.body.id],
    )
    expect(await polity('organizations', 'restore', made.body.id)).toMatchObject({
      code: 1,
      body: { code: 'permission_denied', detail: 'Frozen organizations stay deleted.' },
    })
  })
})

describe('hooks of plugins, in an import', () => {
  const imported = (...rows: ExportRow[]) => withExport(rows, (file) => polity('import', 'posthog', file))

  it('refuse the lines that they veto, each of which sees the lines before it', async () => {
    const [acme, forbidden, hasty] = [
      organization(),
      organization({ name: 'Forbidden' }),
      organization({ name: 'Hasty', enforce_2fa: true }),
    ]
    const ids = Array.from({ length: SEATS + 1 }, () => randomInt(1_000_000, 1_000_000_000))
    const rows = [
      ...ids.map((id) => user(id)),
      ...[hasty, forbidden, acme],
      ...ids.map((id) => membership(acme, id)),
      membership(forbidden, ids[0]!),
    ]
    const { code, body } = await imported(...rows)
    expect({ code, refused: body.refused }).toEqual({
      code: 1,
      refused: [
        { line: ids.length + 1, reason: expect.stringMatching(/^refers to something that does not exist/) },
        { line: ids.length + 2, reason: SEATS_SENTENCE },
        { line: 2 * ids.length + 3, reason: SEATS_SENTENCE },
        { line: 2 * ids.length + 4, reason: `refers to something that does not exist (organization ${forbidden.id})` },
      ],
    })
    expect(body.created).toMatchObject({ user: ids.length, organization: 1, membership: SEATS })
    const about = await asked(server, acme.id as string)
    expect(about.map(({ hook, by }) => `${hook} ${by}`)).toEqual([
      'quota.beforeCreate system nobody',
      ...Array.from({ length: SEATS }, () => 'quota.beforeJoin system nobody'),
    ])
    expect(about[0]!.told).toMatchObject({ name: 'Imported', members_can_use_personal_api_keys: true })
    expect(Object.keys(about[0]!.told!)).not.toContain('slug')
    expect(await asked(server, forbidden.id as string)).toEqual([])
    const eventsOfHasty = await server.database.dataSource.query('select type from events where organization_id = $1', [
      hasty.id,
    ])
    expect(eventsOfHasty).toEqual([])
  })

  it('are not asked about what is here already', async () => {
    const [id, acme] = [randomInt(1_000_000, 1_000_000_000), organization()]
    const rows = [user(id), acme, membership(acme, id)]
    expect((await imported(...rows)).code).toBe(0)
    const before = await askedInAll(server)
    const { body } = await imported(...rows)
    expect(body.unchanged).toMatchObject({ user: 1, organization: 1, membership: 1 })
    expect(await askedInAll(server)).toBe(before)
  })
})

describe('hooks that hook nothing', () => {
  it('keep the server from starting', async () => {
    @Injectable()
    class WidgetQuota extends OrganizationHooks {
      beforeCreation = (): void => undefined
    }
    const started = TestServer.start({ plugins: [pluginOf({ hooks: [WidgetQuota] })] })
    await expect(started).rejects.toThrow(StartError)
    await expect(started).rejects.toThrow(
      'WidgetQuota, which a plugin lists in hooks, hooks nothing: give it one of beforeCreate, beforeUpdate, beforeDelete, beforeRestore, beforeJoin, beforeRemove.',
    )
  })
})
