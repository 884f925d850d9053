import { describe, expect, it } from '@jest/globals'
import { OrganizationsPurge } from '../../src/index.js'
import { expectError, useServer } from '../support/kit.js'

const server = useServer()

describe('the purge', () => {
  it('removes an organization whose time is over with all that belongs to it, frees its slug, and leaves the others', async () => {
    const [due, pending, alive] = [
      await server.organization(),
      await server.organization(),
      await server.organization(),
    ]
    await due.member()
    for (const organization of [due, pending]) await organization.owner.delete(organization.path)
    await server.database.dataSource.query(
      "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
      [due.id],
    )
    const late = await due.owner.post(`${due.path}restore/`)
    expectError(late, 404, 'not_found', 'Not found.')
    expect(await server.application.get(OrganizationsPurge).run()).toContain(due.id)
    expectError(await due.owner.get(due.path), 404, 'not_found', 'Not found.')
    expect((await due.owner.get('/api/organizations/')).body.count).toBe(0)
    for (const table of ['organization_memberships', 'projects', 'user_organizations', 'organization_slugs']) {
      const rows = await server.database.dataSource.query(`select 1 from ${table} where organization_id = $1`, [due.id])
      expect(rows).toEqual([])
    }
    const again = await alive.owner.post('/api/organizations/', { name: due.view.name })
    expect(again.body.slug).toBe(due.view.slug)
    expect((await pending.reload()).is_pending_deletion).toBe(true)
    expect((await alive.reload()).id).toBe(alive.id)
  })
})

describe('what a server remembers of access', () => {
  const remembering = useServer({ ownDatabase: true, environment: { AUTH_CACHE_TTL_MS: '60000' } })

  it('is forgotten with the purge', async () => {
    const { owner, path, id } = await remembering.organization()
    await owner.delete(path)
    const pending = await owner.get(`${path}projects/`)
    expectError(pending, 403, 'permission_denied', 'Your organization is being deleted.')
    await remembering.database.dataSource.query(
      "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
      [id],
    )
    expect(await remembering.application.get(OrganizationsPurge).run()).toEqual([id])
    expectError(await owner.get(`${path}projects/`), 404, 'not_found', 'Organization not found.')
  })
})
