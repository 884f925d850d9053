import { describe, expect, it } from '@jest/globals'
import { MembersService } from '../../src/index.js'
import { expectError, MembershipLevel, useServer } from '../support/kit.js'

const server = useServer()

describe('what was taken away', () => {
  it('is refused on the very next request: a membership, a level', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    expect((await admin.patch(organization.path, {})).status).toBe(200)
    const members = server.application.get(MembersService)
    await server.database.transaction((tx) => members.add(tx, organization.id, admin.row.id, MembershipLevel.Member))
    expectError(
      await admin.patch(organization.path, {}),
      403,
      'permission_denied',
      'Your organization access level is insufficient.',
    )
    await members.remove(organization.id, admin.row.id)
    expectError(await admin.get(organization.path), 404, 'not_found', 'Not found.')
    expect((await admin.get('/api/organizations/')).body.count).toBe(0)
  })
})
