import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { MembershipLevel, MembersService, UsersService } from '../../src/index.js'
import { type Answer, testActor } from '../support/kit.js'
import { FakeVercel, json } from '../support/vercel.js'
import { expectRefusal, Installation, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel } = marketplace

describe('signing in from Vercel', () => {
  async function arrive(installation: Installation, claims: object, query: Record<string, string> = {}, headers = {}) {
    const code = randomUUID()
    vercel.codes.set(code, { idToken: await vercel.userToken(installation.id, claims as never) })
    const parameters = new URLSearchParams({ mode: 'sso', code, state: 's', ...query })
    return { code, answer: await server.request('GET', `/api/vercel/sso?${parameters}`, { headers }) }
  }
  const target = (answer: Answer) => new URL(answer.headers.get('location')!)
  const exchange = (ticket: string) => server.request('POST', '/api/vercel/sso/exchange', { body: { ticket } })

  it('brings who installed to the app, with a ticket for one key', async () => {
    const installation = await marketplace.installed()
    const { answer } = await arrive(
      installation,
      { user_email: installation.email },
      { path: 'billing', resource_id: '' },
    )
    expect(answer.status).toBe(302)
    const url = target(answer)
    expect(url.origin + url.pathname).toBe('https://app.polity.test/')
    expect(Object.fromEntries(url.searchParams)).toEqual({ ticket: expect.any(String), path: 'billing' })
    const session = await exchange(url.searchParams.get('ticket')!)
    const owner = await installation.owner()
    expect(session.body).toMatchObject({ user_id: owner.row.id, resource_id: null })
    const me = await server.request('GET', '/api/users/@me/', { key: session.body.personal_api_key })
    expect(me.body.email).toBe(installation.email)
    expect((await exchange(url.searchParams.get('ticket')!)).status).toBe(400)
  })

  it('is written down for the person: the account at Vercel, and the sign-in with the browser that came', async () => {
    const installation = await marketplace.installed()
    const [known, browser] = [await server.user(), { 'user-agent': 'Lynx/2.9' }]
    const claims = { user_id: 'known', user_email: known.row.email }
    const { answer } = await arrive(installation, claims)
    await known.post('/api/vercel/sso/link', { ticket: target(answer).searchParams.get('link')! })
    const again = await arrive(installation, claims, {}, browser)
    const session = (await exchange(target(again.answer).searchParams.get('ticket')!)).body
    const organization = (await known.get('/api/organizations/@current/')).body.id
    const [linked, signedIn] = await server.database.dataSource.query(
      `select * from security_events where user_id = $1 and type in ('user.identity_linked', 'user.signed_in') order by id`,
      [known.row.id],
    )
    expect(linked).toMatchObject({
      payload: { provider: 'vercel', organization_id: organization },
      by_user_id: known.row.id,
      credential_kind: 'personal_key',
    })
    expect(signedIn).toMatchObject({
      payload: { method: 'vercel', expires_at: session.expires_at },
      ...{ by_user_id: null, credential_id: 'vercel', user_agent: 'Lynx/2.9', ip: '127.0.0.1' },
      current_organization_id: organization,
    })
  })

  it('makes colleagues members, once', async () => {
    const installation = await marketplace.installed()
    const claims = { user_id: 'colleague', user_email: `${randomUUID()}@example.com`, user_name: 'Grace' }
    for (let time = 0; time < 2; time++) {
      const { answer } = await arrive(installation, claims)
      const session = await exchange(target(answer).searchParams.get('ticket')!)
      const key = session.body.personal_api_key
      const { body } = await server.request('GET', '/api/organizations/', { key })
      expect(body.results).toMatchObject([{ name: 'Acme', membership_level: MembershipLevel.Member }])
    }
  })

  it('knows all who come for the first time at the same moment, each once', async () => {
    const installation = await marketplace.installed()
    const colleagues = Array.from({ length: 4 }, (_, index) => ({
      user_id: `colleague-${index}`,
      user_email: `${randomUUID()}@example.com`,
    }))
    const arrivals = await Promise.all([...colleagues, ...colleagues].map((claims) => arrive(installation, claims)))
    expect(arrivals.map(({ answer }) => target(answer).searchParams.has('ticket'))).toEqual(Array(8).fill(true))
    const { body } = await (await installation.owner()).get('/api/organizations/@current/integrations/')
    expect(Object.keys(body.results[0].config.user_mappings)).toHaveLength(5)
  })

  it('asks somebody with an account of their own to prove it', async () => {
    const installation = await marketplace.installed()
    const [known, stranger] = [await server.user(), await server.user()]
    const { answer } = await arrive(installation, { user_id: 'known', user_email: known.row.email })
    const ticket = target(answer).searchParams.get('link')!
    expect(target(answer).searchParams.has('ticket')).toBe(false)
    expect((await known.get('/api/organizations/')).body.count).toBe(0)
    expect((await stranger.post('/api/vercel/sso/link', { ticket })).status).toBe(403)
    expect((await known.post('/api/vercel/sso/link', { ticket })).status).toBe(200)
    expect((await known.post('/api/vercel/sso/link', { ticket })).status).toBe(400)
    const again = await arrive(installation, { user_id: 'known', user_email: known.row.email })
    expect(target(again.answer).searchParams.has('ticket')).toBe(true)
  })

  it('refuses who is no member any more', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    await server.application.get(MembersService).remove(testActor(body.id), owner.row.id)
    const { answer } = await arrive(installation, { user_email: installation.email })
    expectRefusal(answer, 401, /^Vercel authentication failed$/)
    const kept = await server.database.dataSource.query(
      `select config->'user_mappings' as mappings from organization_integrations where integration_id = $1`,
      [installation.id],
    )
    expect(kept).toEqual([{ mappings: {} }])
  })

  it('takes a code and an id token once', async () => {
    const installation = await marketplace.installed()
    const { code } = await arrive(installation, { user_email: installation.email })
    const again = await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${code}`)
    expectRefusal(again, 401, /^Vercel authentication failed$/)
    const idToken = await vercel.userToken(installation.id, { user_email: installation.email })
    const answers = []
    for (const replay of [randomUUID(), randomUUID()]) {
      vercel.codes.set(replay, { idToken })
      answers.push(await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${replay}`))
    }
    expect(answers.map(({ status }) => status)).toEqual([302, 401])
  })

  it('shows the address with the ticket, or with the link, to no cache and to no other page', async () => {
    const installation = await marketplace.installed()
    const known = await server.user()
    const signedIn = await arrive(installation, { user_email: installation.email })
    const toLogin = await arrive(installation, { user_id: 'known', user_email: known.row.email })
    expect(target(signedIn.answer).searchParams.has('ticket')).toBe(true)
    expect(target(toLogin.answer).searchParams.has('link')).toBe(true)
    for (const { answer } of [signedIn, toLogin]) {
      expect(answer.status).toBe(302)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    }
  })

  it.each([
    ['https://app.polity.test/deep?a=b', 'https://app.polity.test/deep?a=b'],
    ['HTTPS://APP.POLITY.TEST:443/a/../deep', 'https://app.polity.test/deep'],
  ])('goes on to %s as it is parsed', async (url, expected) => {
    const installation = await marketplace.installed()
    const { answer } = await arrive(installation, { user_email: installation.email }, { url })
    const went = target(answer)
    went.searchParams.delete('ticket')
    expect(went.href).toBe(expected)
  })

  it.each([
    '',
    'mode=sso&code=x',
    'mode=sso&state=x',
    'mode=other&code=x&state=y',
    'mode=sso&code=x&state=y&path=admin',
    'mode=sso&code=x&state=y&url=https://evil.example',
    'mode=sso&code=x&state=y&url=javascript:alert(1)',
    'mode=sso&code=x&state=y&url=//evil.example',
    'mode=sso&code=x&state=y&url=https://user@app.polity.test/',
    'mode=sso&code=x&state=y&url=https://evil.example:x@app.polity.test/',
    'mode=sso&code=x&state=y&url=https://app.polity.test\\@evil.example/',
    'mode=sso&code=x&state=y&url=https:\\\\app.polity.test/',
    'mode=sso&code=x&state=y&resource_id=ir%00',
    'mode=sso&code=x&state=y&project_id=%00',
    'mode=sso&code=x&state=y&url=https://app.polity.test/%00',
    'mode=sso&code=x%00&state=y',
    'mode=sso&code=x&state=y%00',
    'mode=sso&code=x&state=y&url=https://app.polity.test.evil.example',
  ])('refuses ?%s', async (query) => {
    expectRefusal(await server.request('GET', `/api/vercel/sso?${query}`), 400, /^The sign-in request/)
  })

  it.each<[string, FakeVercel['trouble']]>([
    ['answers 500', (_, response) => json(response, 500, {})],
    ['answers malformed JSON', (_, response) => void response.writeHead(200).end('{"id_token": "planted')],
    ['answers something else', (_, response) => json(response, 200, { id_token: ['planted'] })],
    ['breaks the connection', (request) => void request.socket.resetAndDestroy()],
    ['never answers', () => undefined],
    ['answers 10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760))],
  ])('signs nobody in while Vercel %s, and goes on afterwards', async (_, trouble) => {
    const installation = await marketplace.installed()
    vercel.trouble = trouble
    const colleague = { user_id: 'colleague', user_email: `${randomUUID()}@example.com` }
    expectRefusal((await arrive(installation, colleague)).answer, 401, /^Vercel authentication failed$/)
    vercel.trouble = undefined
    expect(await server.application.get(UsersService).byEmail(colleague.user_email)).toBeNull()
    const { answer } = await arrive(installation, colleague)
    expect({ status: answer.status, ticket: target(answer).searchParams.has('ticket') }).toEqual({
      status: 302,
      ticket: true,
    })
  })

  it('forgets whom it mapped when the account is gone, and makes a new one', async () => {
    const installation = await marketplace.installed()
    const claims = { user_id: 'colleague', user_email: `${randomUUID()}@example.com` }
    await arrive(installation, claims)
    const before = await server.application.get(UsersService).byEmail(claims.user_email)
    await server.database.dataSource.query('delete from users where id = $1', [before!.id])
    const session = await exchange(target((await arrive(installation, claims)).answer).searchParams.get('ticket')!)
    expect(session.status).toBe(200)
    const { body } = await (await installation.owner()).get('/api/organizations/@current/integrations/')
    expect(body.results[0].config.user_mappings.colleague).toBe(session.body.user_id)
    expect(session.body.user_id).not.toBe(before!.id)
  })

  it('refuses whom Vercel does not vouch for', async () => {
    const installation = await marketplace.installed()
    for (const claims of [{ aud: 'other' }, { user_id: undefined }, { user_email: 5 }])
      expectRefusal((await arrive(installation, claims)).answer, 401, /^Vercel authentication failed$/)
    expectRefusal((await arrive(new Installation(marketplace), { user_email: 'a@b.example' })).answer, 401, /failed$/)
  })
})
