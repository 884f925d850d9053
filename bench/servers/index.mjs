import { fileURLToPath } from 'node:url'
import { betterAuth } from '../peers/better-auth/peer.mjs'
import { directus } from '../peers/directus/peer.mjs'
import { drf } from '../peers/drf/peer.mjs'
import { feathers } from '../peers/feathers/peer.mjs'
import { parse } from '../peers/parse/peer.mjs'
import { usual } from '../peers/usual/peer.mjs'
import { polityRequests, tooLarge } from '../lib/scenarios.mjs'
import { shipped } from '../lib/shipped.mjs'

const file = (path) => fileURLToPath(new URL(path, import.meta.url))

/** What a server under test has to say: how it starts on a database and a port, and how each scenario is asked of it. */
const floor = {
  name: 'floor',
  about: 'node:http and pg, two named statements',
  same: 'bytes',
  requests: (scenario, ...rest) => (scenario.startsWith('retrieve ') ? undefined : polityRequests(scenario, ...rest)),
  command: (url, port) => ({
    command: process.execPath,
    args: [file('floor/main.mjs')],
    env: { DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production' },
  }),
}

const ours = {
  name: 'ours',
  about: 'what npm start starts',
  requests: (scenario, ...rest) =>
    scenario === 'too-large'
      ? tooLarge()
      : scenario.startsWith('retrieve ')
        ? undefined
        : polityRequests(scenario, ...rest),
  command: (url, port) => ({
    command: process.execPath,
    args: [...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? []), ...shipped.args],
    cwd: shipped.cwd,
    env: {
      DATABASE_URL: url,
      PORT: String(port),
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      RATE_LIMIT_ENABLED: 'true',
      // Counted like any other, and never reached.
      RATE_LIMIT_BURST_PER_MINUTE: '1000000000',
      RATE_LIMIT_SUSTAINED_PER_HOUR: '1000000000',
      RATE_LIMIT_FAILURES_PER_MINUTE: '1000000000',
      // The server demands one with a database of the operator's.
      INTEGRATION_ENCRYPTION_KEYS: `bench:${Buffer.alloc(32).toString('base64')}`,
    },
    path: '/readyz',
  }),
}

/** Whose limit is reached with the first request. */
const oursLimited = {
  ...ours,
  name: 'ours@limited',
  about: 'ours with a limit of one request a minute',
  requests: (scenario, ...rest) => (scenario === 'throttled' ? polityRequests('retrieve', ...rest) : undefined),
  command: (url, port) => {
    const command = ours.command(url, port)
    return { ...command, env: { ...command.env, RATE_LIMIT_BURST_PER_MINUTE: '1' } }
  },
}

/** Its data is made once and stays: copying millions of rows for every run would take longer than the run. */
const ours1m = { ...ours, name: 'ours@1m', about: 'ours with 1 million organizations', size: '1m', inPlace: true }

/** For what is asked beside neighbours. */
const ours50k = {
  ...ours,
  name: 'ours@50k',
  about: 'ours with 50,000 organizations, one user a member of each',
  size: '50k',
  inPlace: true,
  requests: (scenario, ...rest) => (scenario.startsWith('retrieve ') ? polityRequests(scenario, ...rest) : undefined),
}

export const servers = [floor, ours, oursLimited, ours50k, ours1m, usual, feathers, drf, betterAuth, parse, directus]
