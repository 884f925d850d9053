import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { announcementIn, eventually, type TestOrganization, TestServer } from 'polity/testing'
import { AcmeModule } from '../src/index.js'
import { FakeAcme, type Mood } from './fake-acme.js'

describe('the kind acme', () => {
  const acme = new FakeAcme()
  let server: TestServer
  let organization: TestOrganization

  before(async () => {
    server = await TestServer.start({
      plugins: [AcmeModule],
      ownDatabase: true,
      environment: { OUTBOUND_TIMEOUT_MS: '300', ACME_API_URL: await acme.start() },
    })
  })
  after(async () => {
    await server?.close()
    acme.stop()
  })
  beforeEach(async () => {
    acme.mood = 'well'
    acme.status = 'active'
    organization = await server.organization()
  })

  const rockets = { workspace: 'rockets', token: 'token-secret' }
  const connect = (body: object = rockets, by = organization.owner, to = organization) =>
    by.post(`${to.path}integrations/acme/`, body)

  /** A connected workspace, for the time of one test: there is only one at Acme. */
  async function connected(work: (path: string) => Promise<void>): Promise<void> {
    const { status, body } = await connect()
    assert.equal(status, 201)
    const path = `${organization.path}integrations/${body.id}/`
    try {
      await work(path)
    } finally {
      acme.mood = 'well'
      await organization.owner.delete(path)
    }
  }

  const config = async (path: string) => (await organization.owner.get(path)).body.config
  const inState = (path: string, state: string) =>
    eventually(
      () => config(path),
      ({ sync }) => sync.state === state,
    )
  const map = (path: string) =>
    organization.owner.patch(`${path}environment-mapping/`, { production: organization.view.projects[0]!.id })

  it('is connected, listed without its token, mapped, checked and disconnected, and Acme hears of each', () =>
    connected(async (path) => {
      const list = await (await organization.member()).get(`${organization.path}integrations/`)
      assert.equal(list.body.count, 1)
      const [one] = list.body.results
      assert.deepEqual([one.kind, one.integration_id, one.config.workspace], ['acme', 'rockets', 'rockets'])
      assert.deepEqual(Object.keys(one.config).sort(), ['sync', 'type', 'workspace'])
      assert.doesNotMatch(list.text, /token-secret/)

      await inState(path, 'synced')
      assert.deepEqual(acme.connection, { id: one.id, organization_id: organization.id, environments: null })

      assert.equal((await map(path)).status, 200)
      await inState(path, 'synced')
      const project = organization.view.projects[0]!.id
      assert.deepEqual(acme.connection.environments, { production: project, preview: project, development: project })

      const health = () => organization.owner.get(`${path}health/`)
      assert.deepEqual((await health()).body, { healthy: true, detail: null })
      acme.status = 'suspended'
      assert.equal((await health()).body.healthy, false)

      assert.equal((await organization.owner.delete(path)).status, 204)
      assert.equal(acme.connection, null)
      assert.equal((await organization.owner.get(path)).status, 404)
    }))

  const sentences: [Mood, RegExp][] = [
    ['failing', /^Acme answered 500\.$/],
    ['malformed', /^Acme answered something that is not understood\.$/],
    ['resetting', /cannot be reached/],
    ['slow', /did not answer within 0\.3 seconds\.$/],
    ['talkative', /answered more than 1 MiB\.$/],
  ]
  for (const [mood, sentence] of sentences)
    it(`goes on while Acme is ${mood}, says so, and tells it later`, () =>
      connected(async (path) => {
        await inState(path, 'synced')
        acme.mood = mood
        assert.equal((await map(path)).status, 200)
        const { sync } = await inState(path, 'failing')
        assert.match(sync.last_error, sentence)
        assert.equal(acme.connection!.environments, null)
        acme.mood = 'well'
        assert.equal((await inState(path, 'synced')).sync.last_error, null)
        assert.notEqual(acme.connection!.environments, null)
        assert.doesNotMatch(server.logLines.join(''), /token-secret/)
      }))

  it('is removed although Acme does not answer', () =>
    connected(async (path) => {
      await inState(path, 'synced')
      acme.mood = 'failing'
      assert.equal((await organization.owner.delete(path)).status, 204)
      assert.equal((await organization.owner.get(path)).status, 404)
    }))

  it('renews the token of a workspace that is connected already', () =>
    connected(async (path) => {
      const renewed = await connect({ ...rockets, token: 'second-token-secret' })
      assert.equal(renewed.status, 200)
      assert.equal(`${organization.path}integrations/${renewed.body.id}/`, path)
      await inState(path, 'synced')
    }))

  it('takes no workspace without a token of it, nor from another organization', () =>
    connected(async () => {
      const refused = await connect({ ...rockets, token: 'guessed' })
      assert.deepEqual([refused.status, refused.body.attr], [400, 'token'])
      const other = await server.organization()
      const taken = await connect(rockets, other.owner, other)
      assert.deepEqual([taken.status, taken.body.code, taken.body.attr], [400, 'unique', 'workspace'])
      acme.mood = 'malformed'
      const away = await connect()
      assert.deepEqual([away.status, away.body.code], [503, 'acme_unavailable'])
      assert.equal(away.headers.get('retry-after'), '30')
    }))

  it('asks for both fields, and for an admin with a key that may write', async () => {
    const missing = await connect({ workspace: 'rockets' })
    assert.deepEqual(missing.body, {
      type: 'validation_error',
      code: 'required',
      detail: 'This field is required.',
      attr: 'token',
    })
    assert.equal((await connect(rockets, await organization.member())).status, 403)
    const reader = await organization.owner.with({ scopes: ['organization_integration:read'] })
    assert.equal((await connect(rockets, reader)).status, 403)
    assert.equal((await connect(rockets, (await server.organization()).owner)).status, 404)
  })

  it('is in the API’s description', async () => {
    const { body } = await server.request('GET', '/api/schema/')
    const { post } = body.paths['/api/organizations/{organization_id}/integrations/acme/']
    assert.equal(post['x-required-scope'], 'organization_integration:write')
    assert.deepEqual(body.components.schemas.ConnectAcme.required, ['workspace', 'token'])
  })
})

describe('main', () => {
  const children: ChildProcess[] = []
  // Those that a failed test left running would keep the tests from ending.
  after(() => children.forEach((child) => child.kill()))

  const start = async (environment: Record<string, string>) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'acme-main-'))
    await chmod(dataDir, 0o755)
    const child = spawn(process.execPath, [new URL('../src/main.js', import.meta.url).pathname], {
      env: {
        PATH: process.env.PATH,
        DATA_DIR: dataDir,
        PORT: '0',
        LOG_LEVEL: 'silent',
        SHUTDOWN_DRAIN_MS: '0',
        ...environment,
      },
    })
    children.push(child)
    const ended = once(child, 'close')
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk))
    const stop = async () => {
      child.kill('SIGTERM')
      const [code] = await ended
      await rm(dataDir, { recursive: true, force: true })
      return { code, out }
    }
    return {
      ended,
      stop,
      ready: () =>
        eventually(
          async () => announcementIn(out),
          (announcement) => announcement !== undefined,
          50_000,
        ),
    }
  }

  it('starts a server that has the route', async () => {
    const { ready, stop } = await start({})
    const { url } = (await ready())!
    const { paths } = (await (await fetch(new URL('/api/schema/', url))).json()) as { paths: object }
    assert.ok('/api/organizations/{organization_id}/integrations/acme/' in paths)
    assert.equal((await stop()).code, 0)
  })

  it('says in one line that ACME_API_URL is wrong', async () => {
    const { ended, stop } = await start({ ACME_API_URL: 'nowhere' })
    await ended
    const { code, out } = await stop()
    assert.deepEqual(
      [code, out],
      [
        1,
        'ACME_API_URL is not valid: write it like https://app.example.com, without a query or a fragment. .env.example explains every setting.\n',
      ],
    )
  })
})
