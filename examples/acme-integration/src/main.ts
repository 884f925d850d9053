#!/usr/bin/env node
import { serve, StartError } from 'polity'
import { AcmeModule } from './index.js'

try {
  await serve({ plugins: [AcmeModule] })
} catch (error) {
  if (!(error instanceof StartError)) throw error
  console.error(error.message)
  process.exit(1)
}
