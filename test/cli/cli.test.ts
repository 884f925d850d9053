import { describe, expect, it } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashKeyValue } from '../../src/auth/key-value.js'
import { run } from '../../src/cli/run.js'
import { loadConfig } from '../../src/index.js'
import { testEnvironment, useServer } from '../support/kit.js'

const server = useServer()

async function polity(...args: string[]) {
  const lines: string[] = []
  const errors: string[] = []
  const output = { out: (text: string) => void lines.push(text), err: (text: string) => void errors.push(text) }
  const code = await run([...args, '--json'], output, loadConfig(testEnvironment()))
  return { code, data: code === 0 ? JSON.parse(lines[0] ?? 'null') : null, errors: errors.join('\n') }
}

describe('polity', () => {
  it('makes a user and a key that works, rolls it and revokes it', async () => {
    const email = `${randomUUID()}@example.com`
    expect((await polity('users', 'create', '--email', email, '--name', 'Ada Lovelace')).code).toBe(0)
    const again = await polity('users', 'create', '--email', email.toUpperCase(), '--name', 'Ada')
    expect(again).toMatchObject({ code: 1, errors: 'There is already an account with this email address.' })
    const { data: key } = await polity('keys', 'create', '--user', email, '--label', 'CI', '--scopes', 'user:read')
    const status = async (value: string) => (await server.request('GET', '/api/users/@me/', { key: value })).status
    expect(await status(key.value)).toBe(200)
    const { data: rolled } = await polity('keys', 'roll', key.id)
    expect([await status(key.value), await status(rolled.value)]).toEqual([401, 200])
    const { data: listed } = await polity('keys', 'list', '--user', email)
    expect(listed).toMatchObject([{ id: key.id, value: null }])
    expect((await polity('keys', 'revoke', key.id)).code).toBe(0)
    expect(await status(rolled.value)).toBe(401)
  })

  it('refuses what is not there in one line', async () => {
    for (const command of [
      ['keys', 'revoke'],
      ['keys', 'roll'],
      ['organizations', 'restore'],
    ]) {
      expect(await polity(...command, 'nothing')).toMatchObject({
        code: 1,
        errors: expect.stringMatching(/^There is nothing of this id\./),
      })
    }
    expect(
      await polity('keys', 'create', '--user', 'nobody@example.com', '--label', 'x', '--scopes', '*'),
    ).toMatchObject({ code: 1 })
    const stranger = await server.user()
    const organization = await server.organization()
    const refused = await polity(
      'keys',
      'create',
      '--user',
      stranger.row.email,
      '--label',
      'x',
      '--scopes',
      '*',
      '--organizations',
      organization.id,
    )
    expect(refused).toMatchObject({
      code: 1,
      errors: 'You must be a member of all organizations that you are scoping the key to.',
    })
  })

  it('restores an organization', async () => {
    const organization = await server.organization()
    await organization.owner.delete(organization.path)
    expect((await polity('organizations', 'restore', organization.id)).code).toBe(0)
    expect((await organization.reload()).is_pending_deletion).toBe(false)
  })

  it('imports an export of PostHog twice with the same result; old keys go on working', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'polity-import-'))
    const file = join(folder, 'export.ndjson')
    const user_id = randomInt(1_000_000, 2_000_000)
    const organization_id = randomUUID()
    const value = `phx_${randomUUID()}`
    const rows = [
      {
        type: 'user',
        id: user_id,
        uuid: randomUUID(),
        email: `${randomUUID()}@example.com`,
        first_name: 'Grace',
        current_organization_id: organization_id,
      },
      {
        type: 'organization',
        id: organization_id,
        name: 'Imported',
        slug: `imported-${randomUUID().slice(0, 8)}`,
        created_at: '2024-01-02T03:04:05Z',
      },
      { type: 'membership', id: randomUUID(), organization_id, user_id, level: 15 },
      { type: 'project', id: user_id, organization_id, uuid: randomUUID(), name: 'Web', api_token: 'phc_x' },
      {
        type: 'personal_api_key',
        id: randomUUID(),
        user_id,
        label: 'Old',
        secure_value: hashKeyValue(value),
        scopes: null,
      },
      { type: 'personal_api_key', id: randomUUID(), user_id, label: 'Older', secure_value: 'pbkdf2_sha256$260000$x$y' },
      { type: 'membership', id: randomUUID(), organization_id, user_id: 2_000_001, level: 1 },
      { type: 'spaceship' },
    ]
    await writeFile(file, [...rows.map((row) => JSON.stringify(row)), '{broken', ''].join('\n'))
    const first = await polity('import', 'posthog', file)
    expect(first.data.created).toEqual({ user: 1, organization: 1, membership: 1, project: 1, personal_api_key: 1 })
    expect(first.data.refused.map(({ line }: { line: number }) => line)).toEqual([6, 7, 8, 9])
    expect(JSON.stringify(first.data)).not.toContain('pbkdf2')
    const second = await polity('import', 'posthog', file)
    expect(second.data).toMatchObject({
      created: { user: 0 },
      unchanged: { user: 1, organization: 1, membership: 1, project: 1, personal_api_key: 1 },
    })
    const current = await server.request('GET', '/api/organizations/@current/', { key: value })
    expect(current.body).toMatchObject({
      id: organization_id,
      name: 'Imported',
      membership_level: 15,
      created_at: '2024-01-02T03:04:05.000000Z',
      projects: [{ name: 'Web' }],
    })
    expect((await server.organization()).view.projects[0]!.id).toBeGreaterThan(user_id)
    expect((await polity('import', 'posthog', join(folder, 'none'))).code).toBe(1)
    await rm(folder, { recursive: true })
  })
})
