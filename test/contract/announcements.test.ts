import { describe, expect, it } from '@jest/globals'
import { MembersService, OrganizationsPurge, type StoredEvent } from '../../src/index.js'
import { memberJoined, memberLeft, memberLevelChanged } from '../../src/members/member.events.js'
import {
  organizationCreated,
  organizationDeleted,
  organizationPurged,
  organizationRestored,
  organizationUpdated,
} from '../../src/organizations/organization.events.js'
import { eventually, listening, MembershipLevel, testActor, useServer } from '../support/kit.js'

const heard: StoredEvent<Record<string, unknown>>[] = []
const heardOfMembers: StoredEvent<Record<string, unknown>>[] = []
const server = useServer({
  ownDatabase: true,
  plugins: [
    listening((listeners) => {
      listeners.on(
        {
          name: 'test.members',
          events: [memberJoined, memberLevelChanged, memberLeft],
          ordered: true,
        },
        async (event) => void heardOfMembers.push(event),
      )
      listeners.on(
        {
          name: 'test',
          events: [
            organizationCreated,
            organizationUpdated,
            organizationDeleted,
            organizationRestored,
            organizationPurged,
          ],
        },
        async (event) => void heard.push(event),
      )
    }),
  ],
})

describe('what changes of an organization', () => {
  it('is announced once, by whom and how, and nothing that was refused or stayed as it was', async () => {
    const { owner, id, path, view } = await server.organization()
    const member = await server.member(id, 1)
    for (const changes of [{ enforce_2fa: true }, { enforce_2fa: true }, {}, { name: '' }])
      await owner.patch(path, changes)
    await member.patch(path, { is_ai_data_processing_approved: true })
    await owner.patch(path, { is_ai_data_processing_approved: true, name: 'Renamed' })
    await member.delete(path)
    for (let time = 0; time < 2; time++) await owner.delete(path)
    for (let time = 0; time < 2; time++) await owner.post(`${path}restore/`)
    const events = await eventually(
      async () => heard.filter(({ organization_id }) => organization_id === id),
      (all) => all.some(({ type }) => type === 'organization.restored'),
    )
    const changes = (of: Record<string, [unknown, unknown]>) =>
      Object.fromEntries(Object.entries(of).map(([field, [before, after]]) => [field, { before, after }]))
    expect(events.map(({ type, payload, changes }) => [type, payload, changes])).toEqual(
      expect.arrayContaining([
        ['organization.created', { name: view.name }, null],
        ['organization.updated', {}, changes({ enforce_2fa: [null, true] })],
        [
          'organization.updated',
          {},
          changes({ is_ai_data_processing_approved: [null, true], name: [view.name, 'Renamed'] }),
        ],
        ['organization.deleted', {}, null],
        ['organization.restored', {}, null],
      ]),
    )
    for (const { by, item_id } of events) {
      expect(item_id).toBe(id)
      expect(by.user).toEqual({ id: owner.row.id })
      expect(by.credential.kind).toBe('personal_key')
      expect(by.origin.request_id).toEqual(expect.any(String))
    }
    // The organization was made by the test itself, the rest over HTTP.
    for (const { by } of events.slice(1)) expect(by.origin.ip).toBe('127.0.0.1')
    expect(events).toHaveLength(5)
  })

  it('is announced also when nobody did it: its purge, after which nothing of it is kept', async () => {
    const { owner, id, path } = await server.organization()
    await owner.delete(path)
    await server.database.dataSource.query('update organizations set deletion_requested_at = $2 where id = $1', [
      id,
      new Date(0),
    ])
    expect(await server.application.get(OrganizationsPurge).run()).toEqual([id])
    const [purged] = await eventually(
      async () => heard.filter((event) => event.organization_id === id && event.type === 'organization.purged'),
      (all) => all.length > 0,
    )
    const known = (table: string) =>
      server.database.dataSource.query(`select 1 from ${table} where organization_id = $1`, [id])
    await eventually(
      () => known('event_deliveries'),
      (rows) => rows.length === 0,
    )
    await server.application.get(OrganizationsPurge).run()
    expect([...(await known('events')), ...(await known('event_heads'))]).toEqual([])
    expect(purged).toMatchObject({
      organization_id: id,
      item_id: id,
      payload: {},
      by: { user: null, credential: { id: 'purge' } },
    })
  })
})

describe('what changes of a member', () => {
  it('is announced once, by whom, and nothing of what stayed as it was', async () => {
    const { id, owner } = await server.organization()
    const [user, members] = [await server.user(), server.application.get(MembersService)]
    const setLevel = (level: MembershipLevel) => members.add(testActor(id), user.row.id, level)
    const stored = () =>
      server.database.dataSource.query(
        'select id, level, joined_at, updated_at from organization_memberships where organization_id = $1 and user_id = $2',
        [id, user.row.id],
      )
    await members.remove(testActor(id), user.row.id)
    await setLevel(MembershipLevel.Member)
    const [joined] = await stored()
    await setLevel(MembershipLevel.Member)
    expect(await stored()).toEqual([joined])
    await setLevel(MembershipLevel.Admin)
    const [raised] = await stored()
    expect(raised).toMatchObject({ id: joined.id, level: MembershipLevel.Admin, joined_at: joined.joined_at })
    expect(raised.updated_at.getTime()).toBeGreaterThan(joined.updated_at.getTime())
    for (let time = 0; time < 2; time++) await members.remove(testActor(id), user.row.id)
    expect(await stored()).toEqual([])
    const events = await eventually(
      async () => heardOfMembers.filter(({ organization_id }) => organization_id === id),
      (all) => all.some(({ type }) => type === 'member.left'),
    )
    const of = { user_id: user.row.id }
    expect(events.map(({ type, payload, changes }) => [type, payload, changes])).toEqual([
      ['member.joined', { user_id: owner.row.id, level: MembershipLevel.Owner }, null],
      ['member.joined', { ...of, level: MembershipLevel.Member }, null],
      ['member.level_changed', of, { level: { before: MembershipLevel.Member, after: MembershipLevel.Admin } }],
      ['member.left', { ...of, level: MembershipLevel.Admin }, null],
    ])
    const [first, ...others] = events
    expect(first!.by.user).toEqual({ id: owner.row.id })
    for (const { item_id, by } of others)
      expect({ item_id, by }).toMatchObject({ item_id: joined.id, by: { user: null, credential: { id: 'test' } } })
  })
})
