import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type Answer, TestServer } from '../support/kit.js'
import { FakeVercel, installationId } from '../support/vercel.js'

let vercel: FakeVercel
const server = new TestServer()

beforeAll(async () => {
  vercel = await new FakeVercel().start()
  await server.start({ environment: { ...vercel.environment, DATABASE_POOL_SIZE: '1' }, ownDatabase: true })
})

afterAll(async () => {
  await server.close()
  await vercel.stop()
})

async function install(): Promise<{ id: string; answer: Answer }> {
  const id = installationId()
  const body = {
    scopes: ['read:project'],
    acceptedPolicies: {},
    credentials: { access_token: 'planted-access-token', token_type: 'Bearer' },
    account: { url: 'https://vercel.com/acme', contact: { email: `${randomUUID()}@example.com` } },
  }
  const token = await vercel.userToken(id)
  const headers = { 'x-vercel-auth': 'user' }
  return {
    id,
    answer: await server.request('PUT', `/api/vercel/v1/installations/${id}`, { key: token, body, headers }),
  }
}

/** @returns what the browser is sent back with: `ticket`, or `link` for somebody who has an account here */
async function signIn(id: string, user_email: string): Promise<URLSearchParams> {
  const code = randomUUID()
  vercel.codes.set(code, { idToken: await vercel.userToken(id, { user_id: user_email, user_email }) })
  const answer = await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${code}`)
  return new URL(answer.headers.get('location')!).searchParams
}

/** A transaction that waits for a second connection waits for ever, once as many as there are connections do so. */
describe('Vercel is answered over one connection to the database', () => {
  it('when it installs', async () => {
    expect((await install()).answer.status).toBe(204)
  })

  it('when a colleague signs in, for the first time and again', async () => {
    const { id } = await install()
    const email = `${randomUUID()}@example.com`
    expect([...(await signIn(id, email)).keys()]).toEqual(['ticket'])
    expect([...(await signIn(id, email)).keys()]).toEqual(['ticket'])
  })

  it('when somebody proves an account to be theirs', async () => {
    const { id } = await install()
    const known = await server.user()
    const ticket = (await signIn(id, known.row.email)).get('link')
    expect((await known.post('/api/vercel/sso/link', { ticket })).status).toBe(200)
  })
})
