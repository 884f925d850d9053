import { afterAll, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { cp, lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { linkLibraries, program } from '../../src/platform/database/embedded-postgres/program.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

/** PostgreSQL's programs as npm unpacks them, before any install script. */
async function unpacked(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'polity-programs-'))
  folders.push(folder)
  const filter = async (path: string) => !/share$/.test(path) && !(await lstat(path)).isSymbolicLink()
  await cp(join(dirname(program('initdb')), '..'), join(folder, 'native'), { recursive: true, filter })
  return folder
}

it('PostgreSQL runs where npm ran no install scripts', async () => {
  const folder = await unpacked()
  linkLibraries(folder)
  linkLibraries(folder)
  expect(execFileSync(join(folder, 'native', 'bin', 'initdb'), ['--version'], { encoding: 'utf8' })).toMatch(/^initdb/)
})
