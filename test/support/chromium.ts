import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, request, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

/** The browser of the system: `playwright-core` brings none. */
const PROGRAM = '/usr/bin/chromium'

export const hasChromium = existsSync(PROGRAM)

/** Chromium has no sandbox for root. It opens no page but those of the tests. */
export const openChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/** A web server of an origin of its own. */
export interface WebServer {
  /** `http://127.0.0.1:<port>` */
  origin: string
  close(): Promise<void>
}

/** Serves one empty page. */
export const serveEmptyPage = (): Promise<WebServer> =>
  serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Another origin</title>')
  })

/** Serves below `path` what is at `url`, as a proxy does that several services share. */
export const serveBelow = (path: string, url: string): Promise<WebServer> =>
  serve((incoming, response) => {
    if (!incoming.url!.startsWith(`${path}/`)) return void response.writeHead(404).end()
    const { method, headers } = incoming
    const onward = request(url + incoming.url!.slice(path.length), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  })

async function serve(listener: RequestListener): Promise<WebServer> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
