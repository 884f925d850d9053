#!/usr/bin/env node
import './platform/navigator.js'
import { loadConfig, readDotEnv } from './platform/config/config.js'
import { StartError } from './platform/start-error.js'
import { serve } from './serve.js'

try {
  readDotEnv()
  await serve(loadConfig(process.env))
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
