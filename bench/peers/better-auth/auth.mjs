import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { organization } from 'better-auth/plugins'
import pg from 'pg'

/** Its limits are on, as ours are, and never reached. */
const UNREACHED = 1_000_000_000

export const auth = betterAuth({
  baseURL: `http://127.0.0.1:${process.env.PORT ?? 0}`,
  secret: 'a bench signs nothing that anyone could want',
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 }),
  rateLimit: { enabled: true, window: 60, max: UNREACHED },
  plugins: [
    organization(),
    apiKey({
      enableSessionForAPIKeys: true,
      rateLimit: { enabled: true, timeWindow: 60_000, maxRequests: UNREACHED },
    }),
  ],
})
