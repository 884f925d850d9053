import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  type Actor,
  defineSecurityEvent,
  loadConfig,
  PersonalApiKeysService,
  systemActor,
  UsersService,
} from '../../src/index.js'
import { EventRetention } from '../../src/platform/events/event-retention.js'
import { run } from '../../src/server/cli/run.js'
import { testEnvironment, type TestUser, useServer } from '../support/kit.js'

const server = useServer()
const badgeLost = defineSecurityEvent('badge.lost', 'Somebody lost a badge.', z.strictObject({ badge_id: z.string() }))

const keys = () => server.application.get(PersonalApiKeysService)
const users = () => server.application.get(UsersService)
const eventsOf = (userId: number) =>
  server.database.dataSource.query('select * from security_events where user_id = $1 order by id', [userId])
/** What happened to a person after their account and first key were made. */
const since = async ({ row }: TestUser) => (await eventsOf(row.id)).slice(2)
const ada: Actor = {
  user: { id: 7 },
  credential: { kind: 'personal_key', id: 'ada-key' },
  origin: { request_id: 'request-1', ip: '192.0.2.7', user_agent: 'curl/8' },
}

describe('security events', () => {
  it('say of keys what was done, by whom, with what and from where, and never their values', async () => {
    const { owner, id } = await server.organization()
    const expires_at = new Date(Date.now() + 60_000)
    const reach = { scopes: ['organization:read'], scoped_organizations: [id] }
    const made = await keys().create(ada, { user_id: owner.row.id, label: ' CI ', ...reach, expires_at })
    const rolled = await keys().roll(ada, made.id)
    await keys().revoke(ada, made.id)
    const events = await since(owner)
    const named = { key_id: made.id, label: 'CI' }
    expect(events.map(({ type, payload }: { type: string; payload: object }) => [type, payload])).toEqual([
      ['personal_api_key.created', { ...named, ...reach, scoped_teams: [], expires_at: expires_at.toISOString() }],
      ['personal_api_key.rolled', named],
      ['personal_api_key.revoked', named],
    ])
    for (const event of events)
      expect(event).toMatchObject({
        ...{ by_user_id: 7, credential_kind: 'personal_key', credential_id: 'ada-key', request_id: 'request-1' },
        ...{ ip: '192.0.2.7', user_agent: 'curl/8', current_organization_id: id, at: expect.any(Date) },
      })
    for (const secret of [made.value!, rolled.value!]) expect(JSON.stringify(events)).not.toContain(secret)
  })

  it('say of accounts when they were made, deactivated and activated, each once', async () => {
    const user = await server.user()
    for (const change of ['activate', 'deactivate', 'deactivate', 'activate'] as const)
      await users()[change](ada, user.row.id)
    expect((await eventsOf(user.row.id)).map(({ type }: { type: string }) => type)).toEqual([
      'user.created',
      'personal_api_key.created',
      'user.deactivated',
      'user.activated',
    ])
  })

  it('say of sign-ins how they were made and why they ended', async () => {
    const user = await server.user()
    const signIn = () => keys().signIn(ada, user.row.id, new Date(Date.now() + 60_000), 'test')
    const expired = await signIn()
    await server.database.dataSource.query('update personal_api_keys set expires_at = now() where id = $1', [
      expired.id,
    ])
    const first = await signIn()
    for (let newer = 0; newer < 10; newer++) await signIn()
    const events = await since(user)
    expect(events[0].payload).toEqual({
      ...{ method: 'test', key_id: expired.id, expires_at: expired.expires_at!.toISOString() },
    })
    const ended = events.filter(({ type }: { type: string }) => type === 'user.sign_in_ended')
    expect(ended.map(({ payload }: { payload: object }) => payload)).toEqual([
      { key_id: expired.id, reason: 'expired' },
      { key_id: first.id, reason: 'too_many' },
    ])
    expect(events).toHaveLength(14)
  })

  it('are of whoever runs a command, too', async () => {
    const email = `${randomUUID()}@example.com`
    const silent = { out: () => undefined, err: () => undefined }
    const config = loadConfig(testEnvironment())
    expect(await run(['users', 'create', '--email', email, '--name', 'Grace'], { output: silent, config })).toBe(0)
    const user = await users().byEmail(email)
    expect(await eventsOf(user!.id)).toMatchObject([
      { type: 'user.created', by_user_id: null, credential_kind: 'system', credential_id: 'cli' },
    ])
  })

  it('are undone with what they tell of, and refused where they are not as they were defined', async () => {
    const { row } = await server.user()
    const undone = server.database.transaction(async (tx) => {
      tx.publish(badgeLost(ada, row.id, { badge_id: '1' }))
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await eventsOf(row.id)).toHaveLength(2)
    expect(() => badgeLost(ada, row.id, { badge_id: 1 } as never)).toThrow('expected string')
  })

  it('are kept for 180 days', async () => {
    const { row } = await server.user()
    await server.database.transaction(async (tx) => {
      for (const badge_id of ['old', 'new']) tx.publish(badgeLost(systemActor('test'), row.id, { badge_id }))
    })
    await server.database.dataSource.query(
      `update security_events set at = now() - make_interval(days => case payload->>'badge_id' when 'old' then 181 else 179 end)
       where user_id = $1 and type = 'badge.lost'`,
      [row.id],
    )
    expect(await server.application.get(EventRetention).run()).toBeGreaterThan(0)
    const left = (await eventsOf(row.id)).slice(2)
    expect(left.map(({ payload }: { payload: object }) => payload)).toEqual([{ badge_id: 'new' }])
  })
})
