import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'

/** The browser of the system: `playwright-core` brings none. */
const PROGRAM = '/usr/bin/chromium'

export const hasChromium = existsSync(PROGRAM)

/** Chromium has no sandbox for root. It opens no page but those of the tests. */
export const openChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

/** A web server of an origin of its own, with one empty page. */
export interface EmptyPage {
  /** `http://127.0.0.1:<port>` */
  origin: string
  close(): Promise<void>
}

export async function serveEmptyPage(): Promise<EmptyPage> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Another origin</title>')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
