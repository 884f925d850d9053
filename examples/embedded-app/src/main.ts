#!/usr/bin/env node
import { createApp } from './application.js'

const { ADAPTER, DATABASE_URL, INTEGRATION_ENCRYPTION_KEYS, PORT = '4000' } = process.env
if (!DATABASE_URL || !INTEGRATION_ENCRYPTION_KEYS)
  throw new Error('Set DATABASE_URL, and INTEGRATION_ENCRYPTION_KEYS as the README says.')
const app = await createApp(ADAPTER === 'fastify' ? 'fastify' : 'express', DATABASE_URL, INTEGRATION_ENCRYPTION_KEYS)
await app.listen(Number(PORT))
console.log(`Open http://localhost:${PORT}/docs`)
