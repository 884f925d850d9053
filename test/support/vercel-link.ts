import { expect } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Answer, TestServer, TestUser } from './kit.js'
import { type FakeVercel, installationId } from './vercel.js'

/** The browser of somebody who links an account at Vercel. */
export class VercelLink {
  constructor(
    private readonly server: TestServer,
    private readonly vercel: FakeVercel,
  ) {}

  /** @returns the state with which Vercel will send the browser back */
  async start(user: TestUser, next = 'https://vercel.com/done'): Promise<string> {
    const { status, body } = await user.post('/api/vercel/connect/start', { next })
    expect(status).toBe(200)
    const url = new URL(body.url)
    expect(url.origin + url.pathname).toBe('https://vercel.com/integrations/polity/new')
    return url.searchParams.get('state')!
  }

  /** @returns a code with which Vercel grants access to an installation, once */
  code(installation_id = installationId()): string {
    const code = randomUUID()
    this.vercel.codes.set(code, {
      grant: {
        access_token: 'planted-access-token',
        token_type: 'Bearer',
        installation_id,
        user_id: 'vu_1',
        team_id: 'team_1',
      },
    })
    return code
  }

  callback = (query: Record<string, string>): Promise<Answer> =>
    this.server.request('GET', `/api/vercel/connect/callback?${new URLSearchParams(query)}`)

  /** Goes to Vercel and comes back with a code, as a browser does. @returns the session that the frontend gets */
  async session(user: TestUser, id = installationId(), next?: string): Promise<string> {
    const state = await this.start(user, next)
    const answer = await this.callback({ code: this.code(id), state, configurationId: id })
    expect(answer.status).toBe(302)
    const url = new URL(answer.headers.get('location')!)
    expect(url.origin + url.pathname).toBe('https://app.polity.test/connect/vercel/link')
    return url.searchParams.get('session')!
  }

  complete = (user: TestUser, session: string, organization_id: string): Promise<Answer> =>
    user.post('/api/vercel/connect/complete', { session, organization_id })
}
