import { describe, expect, it } from '@jest/globals'
import { expectError, useServer } from '../support/kit.js'

const server = useServer({ environment: { AVAILABLE_PRODUCT_FEATURES: 'audit_logs' } })

describe('settings whose feature is off', () => {
  it.each([
    ['enforce_2fa', true, 'enforce 2FA'],
    ['members_can_invite', false, 'configure who can send invites'],
    ['members_can_create_projects', true, 'configure who can create projects'],
    ['members_can_use_personal_api_keys', false, 'configure personal API key permissions'],
    ['allow_publicly_shared_resources', false, 'configure public sharing settings'],
  ])('%s cannot be changed, and may be sent as it is', async (field, value, purpose) => {
    const organization = await server.organization()
    const stored = organization.view[field as 'enforce_2fa']
    expect((await organization.owner.patch(organization.path, { [field]: stored })).status).toBe(200)
    const refused = await organization.owner.patch(organization.path, { [field]: value })
    expectError(refused, 400, 'payment_required', `You must upgrade your plan to ${purpose}.`, field)
    expect(await organization.reload()).toEqual(organization.view)
    expect((await organization.owner.post('/api/organizations/', { name: 'Free', [field]: value })).status).toBe(201)
  })
})

describe('a setting that was made while its feature was on', () => {
  it('members_can_use_personal_api_keys off refuses nobody without the feature', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    await server.database.dataSource.query(
      'update organizations set members_can_use_personal_api_keys = false where id = $1',
      [organization.id],
    )
    expect((await member.get(organization.path)).body.members_can_use_personal_api_keys).toBe(false)
    expect((await member.get('/api/projects/')).body.count).toBe(1)
  })
})
