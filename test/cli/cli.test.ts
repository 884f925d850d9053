import { describe, expect, it, jest } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { run } from '../../src/server/cli/run.js'
import { loadConfig, UsersService } from '../../src/index.js'
import { testEnvironment, useServer } from '../support/kit.js'

const server = useServer()

async function polity(...args: string[]) {
  const lines: string[] = []
  const errors: string[] = []
  const output = { out: (text: string) => void lines.push(text), err: (text: string) => void errors.push(text) }
  const code = await run([...args, '--json'], { output, config: loadConfig(testEnvironment()) })
  return {
    code,
    data: code === 0 ? JSON.parse(lines.join('\n')) : null,
    error: errors.length > 0 ? JSON.parse(errors.join('\n')) : null,
  }
}

/** What a command prints that fails, with and without `--json`. */
async function failure(...args: string[]) {
  const lines: string[] = []
  const output = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) }
  expect(await run(args, { output, config: loadConfig(testEnvironment()) })).toBe(1)
  const { code, error } = await polity(...args)
  expect({ code, error }).toEqual({ code: 1, error: expect.objectContaining({ detail: expect.any(String) }) })
  return { text: lines.join('\n'), json: error }
}

const invalid = (attr: string | null, detail: string, code = 'invalid_input') => ({
  type: 'validation_error',
  code,
  detail,
  attr,
})

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
    const taken = invalid('email', 'There is already an account with this email address.', 'unique')
    expect(again).toMatchObject({ code: 1, error: taken })
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
      expect(await polity('users', 'create', '--email', email!, '--name', 'Ada')).toMatchObject({
        code: 1,
        error: { attr: 'email', detail: errors },
      })
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
        error: { code: 'not_found', detail: expect.stringMatching(/^No key, user or organization has this id\./) },
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
      error: invalid(
        'scoped_organizations',
        'You must be a member of all organizations that you are scoping the key to.',
      ),
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
      ['', '*', 'This field may not be blank.'],
      ['   ', '*', 'This field may not be blank.'],
      ['x'.repeat(41), '*', 'Ensure this field has no more than 40 characters.'],
      ['CI', 'organization:own', 'Invalid scope: organization:own. Valid scopes are *, organization:read'],
      ['CI', 'spaceship:read', 'Invalid scope: spaceship:read.'],
      ['CI', ',', 'Invalid scope: '],
    ] as const) {
      const refused = await create(label, scopes)
      expect(refused.code).toBe(1)
      expect(refused.error.detail).toContain(sentence)
    }
    expect((await polity('keys', 'list', '--user', owner.row.email)).data).toEqual(listed)
  })

  it('stores when a key expires, a time in ISO 8601 with its zone, in the future', async () => {
    const user = await server.user()
    const create = (...options: string[]) =>
      polity('keys', 'create', '--user', user.row.email, '--label', 'CI', '--scopes', 'user:read', ...options)
    for (const [given, stored] of [
      ['2999-01-31T02:00:00+02:00', '2999-01-31T00:00:00.000Z'],
      ['2999-01-31', '2999-01-31T00:00:00.000Z'],
    ] as const) {
      const { data: key } = await create('--expires-at', given)
      expect(key.expires_at).toBe(stored)
      const mine = await user.server.request('GET', '/api/personal_api_keys/@current/', { key: key.value })
      expect(mine.body.expires_at).toBe(stored)
    }
    for (const time of ['90', '2999', 'tomorrow', '2999-02-30', '2999-01-31T00:00:00', 'Jan 31 2999', '']) {
      const { error } = await create('--expires-at', time)
      expect(error).toMatchObject({
        detail: expect.stringContaining(`--expires-at ${time} is not a time in ISO 8601.`),
      })
    }
    for (const time of ['2020-01-31', new Date(Date.now() - 1_000).toISOString()])
      expect((await create('--expires-at', time)).error).toEqual(
        invalid('expires_at', 'A key must expire in the future.'),
      )
  })

  it('lists, deactivates and activates users, whose keys follow at once', async () => {
    const user = await server.user()
    const status = async () => (await user.get('/api/users/@me/')).status
    const summary = { id: user.row.id, uuid: user.row.uuid, email: user.row.email, first_name: 'Ada' }
    const listed = async () => {
      const { data } = await polity('users', 'list')
      expect(data.map(({ id }: { id: number }) => id)).toEqual([...data].map(({ id }) => id).sort((a, b) => a - b))
      return data.find(({ id }: { id: number }) => id === user.row.id)
    }
    expect(await listed()).toEqual({ ...summary, last_name: 'Lovelace', is_active: true })
    expect((await polity('users', 'deactivate', user.row.email)).data).toMatchObject({ ...summary, is_active: false })
    expect(await status()).toBe(401)
    expect(await listed()).toMatchObject({ is_active: false })
    expect((await polity('users', 'activate', String(user.row.id))).data).toMatchObject({ is_active: true })
    expect(await status()).toBe(200)
  })

  it('lists users page by page, each once', async () => {
    const users = server.application.get(UsersService)
    const { id } = (await server.user()).row
    await server.database.dataSource.query(
      `insert into users (uuid, distinct_id, email, first_name)
       select gen_random_uuid(), n, concat('many-', n, '-', $1::integer, '@example.com'), 'Many' from generate_series(1, 2001) n`,
      [id],
    )
    const many = new RegExp(`^many-\\d+-${id}@`)
    const seen = []
    for await (const page of users.all()) seen.push(...page.filter(({ email }) => many.test(email)))
    await server.database.dataSource.query('delete from users where email like $1', [`many-%-${id}@example.com`])
    expect(seen).toHaveLength(2001)
    expect(new Set(seen.map((user) => user.id)).size).toBe(2001)
  })

  it('makes an organization for its owner, as POST does', async () => {
    const owner = await server.user()
    const create = (name: string) => polity('organizations', 'create', '--name', name, '--owner', owner.row.email)
    const { data } = await create('  Größe  ')
    expect(data).toEqual({ id: expect.any(String), slug: expect.stringMatching(/^grosse/), name: 'Größe' })
    const { body } = await owner.get('/api/organizations/@current/')
    expect(body).toMatchObject({ id: data.id, name: 'Größe', membership_level: 15 })
    expect(body.projects).toHaveLength(1)
    for (const [name, sentence] of [
      ['', 'This field may not be blank.'],
      ['🚀'.repeat(65), 'Ensure this field has no more than 64 characters.'],
    ] as const)
      expect((await create(name)).error).toMatchObject({ detail: sentence, attr: 'name' })
    expect((await create('🚀'.repeat(64))).code).toBe(0)
  })

  it('keeps no text that its column cannot hold', async () => {
    const create = (email: string, name: string) => polity('users', 'create', '--email', email, '--name', name)
    const tooLong = (attr: string, limit: number) =>
      invalid(attr, `Ensure this field has no more than ${limit} characters.`, 'max_length')
    const address = `${'a'.repeat(250)}@b.c`
    expect(await create(address, 'Ada')).toMatchObject({ code: 0, data: { email: address } })
    expect((await create(`a${address}`, 'Ada')).error).toEqual(tooLong('email', 254))
    expect((await create('x@example.com', 'a'.repeat(151))).error).toEqual(tooLong('first_name', 150))
    expect((await create('x@example.com', `Ada ${'b'.repeat(151)}`)).error).toEqual(tooLong('last_name', 150))
    expect(await create('', 'Ada')).toMatchObject({ code: 0, data: { email: '' } })
  })

  it('lists keys and organizations as one array, a row a line, or as lines', async () => {
    const { id, view, owner } = await server.organization()
    const organizations = (await polity('organizations', 'list')).data
    const row = { id, slug: view.slug, name: view.name, is_active: true, deletion_requested_at: null }
    expect(organizations.find((one: { id: string }) => one.id === id)).toEqual(row)
    const keys = (await polity('keys', 'list')).data
    expect(keys.filter((key: { user_id: number }) => key.user_id === owner.row.id)).toMatchObject([{ value: null }])
    const lines: string[] = []
    const output = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) }
    await run(['organizations', 'list'], { output, config: loadConfig(testEnvironment()) })
    expect(lines.join('\n').split('\n')).toContain(`${id}  ${view.slug}  ${view.name}`)
  })

  it.each([
    [['keys', 'roll', 'nothing'], /^No key, user or organization has this id\./],
    [['users', 'create', '--email', 'a@example.com'], /^required option '--name <name>' not specified$/],
    [['users', 'explode'], /^unknown command 'explode'/],
    [['--nothing'], /^unknown option '--nothing'/],
    [['users', 'deactivate', '2147483648'], /^There is no user 2147483648\./],
  ])('%j fails in one sentence, which --json puts into an error’s body', async (args, sentence) => {
    const { text, json } = await failure(...args)
    expect(text.replace(/^error: /, '')).toMatch(sentence)
    expect(json.detail).toMatch(sentence)
    expect(Object.keys(json)).toEqual(['type', 'code', 'detail', 'attr'])
  })

  it('says what it is when a fault of its own ends a command', async () => {
    const broken = jest.spyOn(UsersService.prototype, 'all').mockImplementation(() => {
      throw new TypeError('cannot read it')
    })
    try {
      const { text, json } = await failure('users', 'list')
      expect(text).toMatch(/^TypeError: cannot read it\n +at /)
      expect(json).toMatchObject({ code: 'error', stack: expect.stringMatching(/^TypeError: cannot read it\n +at /) })
    } finally {
      broken.mockRestore()
    }
  })

  it('restores an organization', async () => {
    const organization = await server.organization()
    await organization.owner.delete(organization.path)
    expect((await polity('organizations', 'restore', organization.id)).code).toBe(0)
    expect((await organization.reload()).is_pending_deletion).toBe(false)
  })
})
