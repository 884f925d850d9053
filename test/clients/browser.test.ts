import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { hasChromium, openChromium, serveBelow, serveEmptyPage, type WebServer } from '../support/chromium.js'
import { TestServer } from '../support/kit.js'

if (!hasChromium) console.warn('The tests in a browser are left out: there is no /usr/bin/chromium.')
const describeIt = hasChromium ? describe : describe.skip

/** Few enough to reach the limit with one key, more than any other test here needs of one. */
const REQUESTS_A_MINUTE = 10

interface Call {
  method: string
  url: string
  key: string
  body?: unknown
}

describeIt('in Chromium', () => {
  let listed: WebServer
  let unlisted: WebServer
  let server: TestServer
  let browser: Browser
  beforeAll(async () => {
    ;[listed, unlisted] = [await serveEmptyPage(), await serveEmptyPage()]
    const environment = { CORS_ORIGINS: listed.origin, RATE_LIMIT_BURST_PER_MINUTE: String(REQUESTS_A_MINUTE) }
    server = await TestServer.start({ environment })
    browser = await openChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await listed?.close()
    await unlisted?.close()
  })

  const pageOf = async ({ origin }: WebServer): Promise<Page> => {
    const page = await browser.newPage()
    await page.goto(origin)
    return page
  }

  /** Calls the API with `fetch` in the page. @returns what the page can read of the answer */
  const fetchIn = (page: Page, method: string, path: string, key: string, body?: unknown) =>
    page.evaluate(
      async ({ method, url, key, body }: Call) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
        try {
          const answer = await fetch(url, { method, headers, body: JSON.stringify(body) })
          const text = await answer.text()
          return {
            status: answer.status,
            body: text === '' ? null : JSON.parse(text),
            requestId: answer.headers.get('x-request-id'),
            retryAfter: answer.headers.get('retry-after'),
          }
        } catch (error) {
          return { refused: String(error) }
        }
      },
      { method, url: server.url + path, key, body },
    )

  it('a page of another origin reads and writes by every method', async () => {
    const { owner } = await server.organization()
    const page = await pageOf(listed)
    const made = await fetchIn(page, 'POST', '/api/organizations/', owner.key, { name: 'From a page' })
    expect(made).toMatchObject({ status: 201, body: { name: 'From a page' } })
    const path = `/api/organizations/${made.body.id}/`
    expect(await fetchIn(page, 'GET', path, owner.key)).toMatchObject({ status: 200, body: { id: made.body.id } })
    const changed = await fetchIn(page, 'PATCH', path, owner.key, { name: 'Changed' })
    expect(changed).toMatchObject({ status: 200, body: { name: 'Changed' } })
    const replaced = await fetchIn(page, 'PUT', path, owner.key, { name: 'Replaced' })
    expect(replaced).toMatchObject({ status: 200, body: { name: 'Replaced' } })
    expect(await fetchIn(page, 'DELETE', path, owner.key)).toMatchObject({ status: 204, body: null })
    expect((await owner.get(path)).body).toMatchObject({ name: 'Replaced', is_pending_deletion: true })
  })

  it('a page of another origin reads the request id, and how long to wait', async () => {
    const { owner, path } = await server.organization()
    const page = await pageOf(listed)
    const refused = await fetchIn(page, 'GET', path, 'phx_wrong')
    expect(refused).toMatchObject({ status: 401, requestId: expect.stringMatching(/./), retryAfter: null })
    for (let count = 0; count < REQUESTS_A_MINUTE; count += 1) await fetchIn(page, 'GET', path, owner.key)
    const limited = await fetchIn(page, 'GET', path, owner.key)
    expect(limited).toMatchObject({
      status: 429,
      body: { code: 'throttled' },
      retryAfter: expect.stringMatching(/^\d+$/),
    })
  })

  it.each(['GET', 'POST', 'PATCH', 'PUT', 'DELETE'])(
    'a page of an origin that is not listed is refused by the browser: %s',
    async (method) => {
      const { owner, path, view } = await server.organization()
      const page = await pageOf(unlisted)
      const body = method === 'GET' ? undefined : { name: 'Not from here' }
      const target = method === 'POST' ? '/api/organizations/' : path
      expect(await fetchIn(page, method, target, owner.key, body)).toEqual({ refused: 'TypeError: Failed to fetch' })
      expect((await owner.get('/api/organizations/')).body.results).toEqual([view])
    },
  )

  it('the page of the docs finds the API’s description, also behind a proxy that serves it below a path', async () => {
    const proxy = await serveBelow('/base', server.url)
    const page = await browser.newPage()
    const [description] = await Promise.all([
      page.waitForResponse(/schema/),
      page.goto(`${proxy.origin}/base/api/docs/`),
    ])
    expect({ url: description.url(), status: description.status() }).toEqual({
      url: `${proxy.origin}/base/api/schema/`,
      status: 200,
    })
    await page.close()
    await proxy.close()
  })
})
