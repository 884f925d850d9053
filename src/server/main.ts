#!/usr/bin/env node
import '../platform/navigator.js'
import { StartError } from '../platform/start-error.js'
import { serve } from './serve.js'

try {
  await serve()
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
