import { beforeAll, describe, expect, it } from '@jest/globals'
import { type DomainEvent, EventListeners, OrganizationsPurge } from '../../src/index.js'
import { eventually, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })

describe('what changes of an organization', () => {
  const heard: DomainEvent[] = []

  beforeAll(() => {
    for (const what of ['created', 'updated', 'deleted', 'restored', 'purged'])
      server.application.get(EventListeners).on(`organization.${what}`, 'test', async (event) => void heard.push(event))
  })

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
    const by = { user_id: owner.row.id, request_id: expect.any(String) }
    const changes = (of: Record<string, [unknown, unknown]>) => ({
      ...by,
      changes: Object.fromEntries(Object.entries(of).map(([field, [before, after]]) => [field, { before, after }])),
    })
    expect(events.map(({ type, payload }) => [type, payload])).toEqual(
      expect.arrayContaining([
        ['organization.created', { ...by, name: view.name }],
        ['organization.updated', changes({ enforce_2fa: [null, true] })],
        [
          'organization.updated',
          changes({ is_ai_data_processing_approved: [null, true], name: [view.name, 'Renamed'] }),
        ],
        ['organization.deleted', by],
        ['organization.restored', by],
      ]),
    )
    expect(events).toHaveLength(5)
  })

  it('is announced also when nobody did it: its purge', async () => {
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
    expect(purged).toMatchObject({ organization_id: id, payload: {} })
  })
})
