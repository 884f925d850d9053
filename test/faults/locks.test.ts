import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { useServer } from '../support/kit.js'
import { RowLocks } from '../support/row-locks.js'

const server = useServer({ ownDatabase: true })
let locks: RowLocks
beforeAll(async () => {
  locks = await RowLocks.open(server)
})
afterAll(() => locks.close())

describe("one organization's row, locked for long,", () => {
  it('keeps neither other organizations nor /readyz waiting; its own writers get 503 with Retry-After', async () => {
    const [locked, other] = [await server.organization(), await server.organization()]
    await locks.during('select 1 from organizations where id = $1 for update', [locked.id], async () => {
      let answered = 0
      const blocked = Array.from({ length: 40 }, () =>
        locked.owner.patch(locked.path, { name: `Blocked ${randomUUID()}` }).finally(() => answered++),
      )
      await locks.waiting(1)
      for (let time = 0; time < 3; time++) {
        const answer = await other.owner.patch(other.path, { name: `Renamed ${randomUUID()}` })
        expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 })
      }
      expect((await server.request('GET', '/readyz')).status).toBe(200)
      expect((await locked.owner.get(locked.path)).status).toBe(200)
      expect(answered).toBeLessThan(blocked.length)
      for (const answer of await Promise.all(blocked)) {
        expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 503 })
        expect(answer.headers.get('retry-after')).toBe('5')
      }
    })
    expect((await locked.owner.patch(locked.path, { name: 'Free again' })).status).toBe(200)
  })
})

describe('a table, locked for long,', () => {
  it('keeps only those waiting who read it', async () => {
    const { owner, path } = await server.organization()
    const id = randomUUID()
    await locks.during('lock table organization_integrations in access exclusive mode', [], async () => {
      let answered = 0
      const blocked = Array.from({ length: 12 }, (_, index) =>
        owner.get(`${path}integrations/${index % 2 ? '' : `${id}/`}`).finally(() => answered++),
      )
      await locks.waiting(2)
      for (let time = 0; time < 3; time++) {
        expect((await owner.get(path)).status).toBe(200)
        expect((await owner.get('/api/organizations/')).status).toBe(200)
      }
      expect((await owner.patch(path, { name: `Renamed ${randomUUID()}` })).status).toBe(200)
      expect((await server.request('GET', '/readyz')).status).toBe(200)
      expect(answered).toBeLessThan(blocked.length)
      for (const answer of await Promise.all(blocked)) expect(answer.status).toBe(503)
    })
    expect((await owner.get(`${path}integrations/`)).status).toBe(200)
    expect((await owner.get(`${path}integrations/${id}/`)).status).toBe(404)
  })
})
