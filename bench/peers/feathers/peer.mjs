import { fileURLToPath } from 'node:url'
import { polityRequests } from '../../lib/scenarios.mjs'
import { npmPeer } from '../install.mjs'

/** The same paths; only a page's length has another name. */
const requests = (scenario, size, connection) =>
  scenario === 'integrations'
    ? undefined
    : polityRequests(scenario, size, connection)?.map((request) => ({
        ...request,
        path: request.path.replace('?limit=', '?$limit='),
      }))

export const feathers = {
  name: 'feathers',
  about: 'FeathersJS on Koa, with its Knex adapter and a strategy for API keys',
  ...npmPeer('feathers'),
  requests,
  command: (url, port) => ({
    command: process.execPath,
    args: [fileURLToPath(new URL('main.mjs', import.meta.url))],
    env: { DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production' },
  }),
}
