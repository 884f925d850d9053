import { describe, expect, it } from '@jest/globals'
import { MembersService } from '../../src/index.js'
import { expectError, MembershipLevel, useServer, testActor } from '../support/kit.js'

const server = useServer()

describe('DELETE /api/organizations/:id/ and restore', () => {
  it('lets the owner only; the organization stays readable and nothing else about it is', async () => {
    const organization = await server.organization()
    const [admin, member] = [await organization.admin(), await organization.member()]
    const insufficient = 'Your organization access level is insufficient.'
    expectError(await admin.delete(organization.path), 403, 'permission_denied', insufficient)
    const deleted = await organization.owner.delete(organization.path)
    expect(deleted).toMatchObject({ status: 204, text: '' })
    for (const caller of [organization.owner, member]) {
      expect((await caller.get(organization.path)).body.is_pending_deletion).toBe(true)
      expect((await caller.get('/api/organizations/')).body.results[0].is_pending_deletion).toBe(true)
      const nested = await caller.get(`${organization.path}projects/`)
      expectError(nested, 403, 'permission_denied', 'Your organization is being deleted.')
    }
    const patched = await organization.owner.patch(organization.path, { name: 'X' })
    expectError(patched, 403, 'permission_denied', 'Your organization is being deleted.')
    const again = await organization.owner.delete(organization.path)
    expectError(again, 400, 'invalid_input', 'This organization is already being deleted.')
    expectError(await admin.post(`${organization.path}restore/`), 403, 'permission_denied', insufficient)
    const restored = await organization.owner.post(`${organization.path}restore/`)
    expect(restored).toMatchObject({ status: 200, body: { id: organization.id, is_pending_deletion: false } })
    const notPending = await organization.owner.post(`${organization.path}restore/`)
    expectError(notPending, 400, 'invalid_input', 'This organization is not being deleted.')
  })
})

describe('the organizations of an owner of several', () => {
  it('can all be deleted, the last one too; they stay listed, with their members', async () => {
    const first = await server.organization()
    const second = (await first.owner.post('/api/organizations/', { name: 'Second' })).body.id
    const [admin, member] = [await first.admin(), await first.member()]
    for (const id of [first.id, second]) {
      expect(await first.owner.delete(`/api/organizations/${id}/`)).toMatchObject({ status: 204, text: '' })
      expect((await first.owner.get('/api/organizations/')).body.count).toBe(2)
    }
    const { results } = (await first.owner.get('/api/organizations/')).body
    expect(results).toMatchObject([{ is_pending_deletion: true }, { is_pending_deletion: true }])
    for (const [caller, membership_level] of [
      [admin, 8],
      [member, 1],
    ] as const)
      expect((await caller.get(first.path)).body).toMatchObject({ membership_level, member_count: 3 })
    expect((await first.owner.get('/api/projects/')).body.count).toBe(0)
    expect((await first.owner.get('/api/users/@me/')).status).toBe(200)
    expect((await first.owner.post('/api/organizations/', { name: 'A new start' })).status).toBe(201)
  })
})

describe('a deactivated organization', () => {
  it('can be read, and says why nothing else', async () => {
    const organization = await server.organization()
    const set = (reason: string | null) =>
      server.database.dataSource.query(
        'update organizations set is_active = false, is_not_active_reason = $2 where id = $1',
        [organization.id, reason],
      )
    await set('Unpaid bills.')
    expect((await organization.owner.get(organization.path)).body).toMatchObject({
      is_active: false,
      is_not_active_reason: 'Unpaid bills.',
    })
    const refused = await organization.owner.patch(organization.path, { name: 'X' })
    expectError(refused, 403, 'permission_denied', 'Your organization has been deactivated. Unpaid bills.')
    await set(null)
    const nested = await organization.owner.get(`${organization.path}projects/`)
    expectError(nested, 403, 'permission_denied', 'Your organization has been deactivated.')
    for (const refusal of [
      await organization.owner.put(organization.path, { name: 'X' }),
      await organization.owner.delete(organization.path),
      await organization.owner.get('/api/organizations/@current/projects/'),
      await organization.owner.get(`${organization.path}integrations/`),
    ])
      expectError(refusal, 403, 'permission_denied', 'Your organization has been deactivated.')
    expect((await organization.owner.get('/api/projects/')).body.count).toBe(0)
    const stranger = await server.user()
    expectError(await stranger.get(organization.path), 404, 'not_found', 'Not found.')
  })

  it('takes nothing else from its members, and works again once it is active', async () => {
    const [asleep, awake] = [await server.organization(), await server.organization()]
    const member = await asleep.member()
    const members = server.application.get(MembersService)
    await members.add(testActor(awake.id), member.row.id, MembershipLevel.Member)
    const activate = (active: boolean) =>
      server.database.dataSource.query('update organizations set is_active = $2 where id = $1', [asleep.id, active])
    await activate(false)
    expect((await member.get('/api/users/@me/')).status).toBe(200)
    expect((await member.get('/api/personal_api_keys/@current/')).status).toBe(200)
    expect((await member.get('/api/organizations/')).body.count).toBe(2)
    expect((await member.get(`${awake.path}projects/`)).status).toBe(200)
    expect((await member.get('/api/projects/')).body.results).toMatchObject([{ organization: awake.id }])
    await activate(true)
    expect(await asleep.owner.patch(asleep.path, { name: 'Awake' })).toMatchObject({ body: { name: 'Awake' } })
    expect((await member.get(`${asleep.path}projects/`)).status).toBe(200)
  })
})
