import { beforeAll, describe, expect, it } from '@jest/globals'
import { type DomainEvent, EventListeners } from '../../src/index.js'
import { eventually, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })

describe('what changes of an organization', () => {
  const heard: DomainEvent[] = []

  beforeAll(() => {
    for (const what of ['created', 'updated', 'deleted', 'restored'])
      server.application.get(EventListeners).on(`organization.${what}`, async (event) => void heard.push(event))
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
})
