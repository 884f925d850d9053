import { describe, expect, it } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { randomUUID } from 'node:crypto'
import { OrganizationIntegration } from '../../src/index.js'
import { useServer } from '../support/kit.js'

const server = useServer()

describe('the API’s description', () => {
  it('is true of what every GET answers, field by field, and of what is created', async () => {
    const document = (await server.request('GET', '/api/schema/')).body
    const organization = await server.organization()
    const integration = randomUUID()
    await server.database.dataSource.getRepository(OrganizationIntegration).insert({
      organization_id: organization.id,
      id: integration,
      kind: 'vercel',
      integration_id: null,
      created_by_id: organization.owner.row.id,
    })
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
    ajv.addSchema({ $id: 'api', components: exact(document.components) })
    const wrong: unknown[] = []
    const check = (
      operation: { operationId: string; responses: Record<string, unknown> },
      status: number,
      body: unknown,
    ) => {
      const { content } = operation.responses[status] as { content: Record<string, { schema: { $ref: string } }> }
      const validate = ajv.compile({ $ref: `api${content['application/json']!.schema.$ref}` })
      if (!validate(body)) wrong.push({ operation: operation.operationId, errors: validate.errors })
    }
    for (const [path, { get }] of Object.entries<{ get?: never }>(document.paths)) {
      if (!get) continue
      const url = path
        .replace('{organization_id}', organization.id)
        .replace('{uuid}', '@me')
        .replace('integrations/{id}', `integrations/${integration}`)
        .replace('{id}', '@current')
      const answer = await organization.owner.get(url)
      expect({ url, status: answer.status }).toEqual({ url, status: 200 })
      check(get, 200, answer.body)
    }
    const created = await organization.owner.post('/api/organizations/', { name: 'Described' })
    check(document.paths['/api/organizations/'].post, 201, created.body)
    expect(wrong).toEqual([])
  })
})

/** The schemas with nothing allowed that they do not name, so that a forgotten field is found too. */
function exact<T>(value: T): T {
  if (Array.isArray(value)) return value.map(exact) as T
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, exact(one)]))
  return (
    'properties' in inner && !('additionalProperties' in inner) ? { ...inner, additionalProperties: false } : inner
  ) as T
}
