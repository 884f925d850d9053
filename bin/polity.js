#!/usr/bin/env node
// A file of its own, and not dist/server/cli/main.js: npm links it at install, when a checkout has no build yet.
import { existsSync } from 'node:fs'

const program = new URL('../dist/server/cli/main.js', import.meta.url)
if (existsSync(program)) await import(program)
else {
  console.error('Polity is not built. Run npm run build first; npm start does so too.')
  process.exitCode = 1
}
