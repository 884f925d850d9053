#!/usr/bin/env node
import { loadConfig, readDotEnv, serve, StartError } from 'polity'
import { AcmeProvider } from './index.js'

try {
  readDotEnv()
  await serve(loadConfig(process.env), { integrations: [AcmeProvider] })
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
