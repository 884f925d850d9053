#!/usr/bin/env node
import '../platform/navigator.js'
import { readSettings } from '../platform/config/config.js'
import { StartError } from '../platform/start-error.js'
import { serve } from './serve.js'

try {
  await serve(readSettings())
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
