import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdDataFolder } from '../../src/platform/database/embedded-postgres/data-folder.js'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'polity-lock-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const written = () => JSON.parse(readFileSync(join(folder, 'lock.1'), 'utf8')) as { pid: number; identity: string }

it('a data folder is held by a living process', () => {
  holdDataFolder(folder)
  expect(() => holdDataFolder(folder)).toThrow(`is in use by process ${process.pid}`)
})

// Only Linux says when a process began.
const onLinux = process.platform === 'linux' ? it : it.skip
onLinux.each<[string, (identity: string) => string]>([
  ['after a restart of the machine', (identity) => identity.replace(/^[^/]+/, '00000000-0000-0000-0000-000000000000')],
  ['after a restart of the container', (identity) => `${identity.split('/')[0]}/1`],
])('a data folder is free when the number of its process belongs to another one %s', (_, earlier) => {
  const { release } = holdDataFolder(folder)
  const { pid, identity } = written()
  expect(pid).toBe(process.pid)
  expect(earlier(identity)).not.toBe(identity)
  writeFileSync(join(folder, 'lock.1'), JSON.stringify({ pid, identity: earlier(identity) }))
  holdDataFolder(folder).release()
  release()
})
