import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
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
  it('prints its version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    const printed = spawnSync('bin/polity.js', ['--version'], { encoding: 'utf8' })
    expect(printed).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

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

  it('takes whatever address the column can hold, and users without one', async () => {
    for (const local of ['r&d', 'müller', 'x'.repeat(200)]) {
      const email = `${local}-${randomUUID()}@xn--e1afmkfd.xn--p1ai`.slice(-254)
      const { data } = await polity('users', 'create', '--email', email, '--name', 'Ada')
      const { data: key } = await polity('keys', 'create', '--user', email, '--label', 'CI', '--scopes', 'user:read')
      expect(key.user_id).toBe(data.id)
      expect((await server.request('GET', '/api/users/@me/', { key: key.value })).body.email).toBe(email)
    }
    for (const none of [[], ['--email', ''], ['--email', ' ']])
      expect(await polity('users', 'create', ...none, '--name', 'Ada')).toMatchObject({ code: 0, data: { email: '' } })
    for (const [email, errors] of [
      ['x'.repeat(255), 'Ensure this field has no more than 254 characters.'],
      ['a\0@example.com', 'Null characters are not allowed.'],
    ])
      expect(await polity('users', 'create', '--email', email!, '--name', 'Ada')).toMatchObject({ code: 1, errors })
    expect((await polity('keys', 'list', '--user', '')).code).toBe(1)
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

  it('gives a key exactly what PostHog’s keys have, and lists a user’s own, newest first, without values', async () => {
    const { owner, id } = await server.organization()
    const create = (label: string, ...others: string[]) =>
      polity('keys', 'create', '--user', String(owner.row.id), '--label', label, '--scopes', ...others)
    const { data: key } = await create('Reader', 'organization:read, user:read', '--organizations', id)
    expect(key).toEqual({
      id: expect.any(String),
      label: 'Reader',
      value: expect.stringMatching(/^phx_[\w-]{43}$/),
      mask_value: `phx_...${key.value.slice(-4)}`,
      created_at: expect.any(String),
      last_used_at: null,
      last_rolled_at: null,
      user_id: owner.row.id,
      scopes: ['organization:read', 'user:read'],
      scoped_teams: [],
      scoped_organizations: [id],
      expires_at: null,
    })
    const { data: rolled } = await polity('keys', 'roll', key.id)
    expect(rolled).toEqual({
      ...key,
      value: expect.not.stringContaining(key.value),
      mask_value: `phx_...${rolled.value.slice(-4)}`,
      last_rolled_at: expect.any(String),
    })
    const { data: listed } = await polity('keys', 'list', '--user', owner.row.email)
    expect(listed).toMatchObject([
      { ...rolled, value: null },
      { label: 'test', value: null },
    ])
    expect(listed).toHaveLength(2)
    for (const [label, scopes, sentence] of [
      ['', '*', '--label must have 1 to 40 characters.'],
      ['   ', '*', '--label must have 1 to 40 characters.'],
      ['x'.repeat(41), '*', '--label must have 1 to 40 characters.'],
      ['CI', 'organization:own', 'Invalid scope: organization:own. Valid scopes are *, organization:read'],
      ['CI', 'spaceship:read', 'Invalid scope: spaceship:read.'],
      ['CI', ',', 'Invalid scope: '],
    ] as const) {
      const refused = await create(label, scopes)
      expect(refused.code).toBe(1)
      expect(refused.errors).toContain(sentence)
    }
    expect((await polity('keys', 'list', '--user', owner.row.email)).data).toEqual(listed)
  })

  it('restores an organization', async () => {
    const organization = await server.organization()
    await organization.owner.delete(organization.path)
    expect((await polity('organizations', 'restore', organization.id)).code).toBe(0)
    expect((await organization.reload()).is_pending_deletion).toBe(false)
  })
})
