import { fileURLToPath } from 'node:url'
import { polityRequests } from '../../lib/scenarios.mjs'
import { npmPeer } from '../install.mjs'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))

export const usual = {
  name: 'usual',
  about: 'NestJS and TypeORM as their documentation shows them: repositories, relations, Express, ValidationPipe',
  ...npmPeer('usual'),
  same: 'values',
  requests: polityRequests,
  command: (url, port) => ({
    command: process.execPath,
    args: ['--import', import.meta.resolve('@swc-node/register/esm-register'), file('main.ts')],
    cwd: file('../../..'),
    env: { DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production' },
  }),
}
