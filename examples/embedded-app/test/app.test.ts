import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { INestApplication } from '@nestjs/common'
import { emptyTestDatabase, type TestDatabase } from 'polity/testing'
import { adapters, createApp } from '../src/application.js'

const keys = `test:${Buffer.alloc(32, 'test').toString('base64')}`

for (const adapter of Object.keys(adapters) as (keyof typeof adapters)[]) {
  describe(`an application on ${adapter} with Polity inside`, () => {
    let database: TestDatabase
    let app: INestApplication
    let token: string

    before(async () => {
      database = await emptyTestDatabase(process.env.TEST_DATABASE_URL)
      app = await createApp(adapter, database.url, keys)
      await app.listen(0, '127.0.0.1')
      token = (await request('POST', '/customers', { email: 'ada@example.com', company: 'Analytical Engines' })).body
        .token
    })
    after(async () => {
      await app?.close()
      await database?.close()
    })

    async function request(method: string, path: string, body?: object) {
      const response = await fetch((await app.getUrl()) + path, {
        method,
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return { status: response.status, body: JSON.parse(await response.text()) }
    }

    it('has its own routes, table and validation', async () => {
      assert.equal((await request('GET', '/customers/me')).body.company, 'Analytical Engines')
      assert.equal((await request('POST', '/customers', { email: 'nobody' })).status, 400)
      assert.equal((await request('GET', '/nothing')).body.message, 'Cannot GET /nothing')
    })

    it("opens Polity's routes to its own tokens", async () => {
      const { body: page } = await request('GET', '/platform/api/organizations/')
      assert.deepEqual(
        page.results.map(({ name, membership_level }: Record<string, unknown>) => [name, membership_level]),
        [['Analytical Engines', 15]],
      )
      const path = `/platform/api/organizations/${page.results[0].id}/`
      assert.equal((await request('PATCH', path, { name: 'Engines' })).body.name, 'Engines')
      assert.equal((await request('PATCH', path, { name: '' })).body.attr, 'name')
    })

    it('describes both in one document', async () => {
      const { body } = await request('GET', '/docs-json')
      assert.ok(body.paths['/customers'] && body.paths['/platform/api/organizations/'])
    })
  })
}
