#!/usr/bin/env node
import { readSettings, serve, StartError } from 'polity'
import { AcmeProvider } from './index.js'

try {
  await serve(readSettings(['ACME_API_URL']), { integrations: [AcmeProvider] })
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
