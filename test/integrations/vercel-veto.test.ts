import { describe, expect, it } from '@jest/globals'
import { UsersService } from '../../src/index.js'
import { askedInAll, hookPlugins, SEATS_SENTENCE } from '../support/hooks.js'
import { expectRefusal, Installation, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace(hookPlugins)

describe('a hook of a plugin that vetoes', () => {
  it('refuses an installation from Vercel, and nothing of it stays', async () => {
    const { server } = marketplace
    const installation = new Installation(marketplace)
    const { account, ...rest } = payload(installation.email)
    const body = { ...rest, account: { ...account, name: 'Forbidden' } }
    for (let time = 1; time <= 3; time++) expectRefusal(await installation.put(body), 400, `^name: ${SEATS_SENTENCE}$`)
    expect(await server.application.get(UsersService).byEmail(installation.email)).toBeNull()
    expect((await installation.system('GET')).status).toBe(404)
    expect(await askedInAll(server)).toBe(0)
    expect((await installation.put()).status).toBe(204)
    expect((await installation.system('GET')).status).toBe(200)
    const owner = await installation.owner()
    expect((await owner.get('/api/organizations/')).body.results).toMatchObject([
      { name: 'Acme', membership_level: 15 },
    ])
  })
})
