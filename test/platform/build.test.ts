import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

// Runs the compiler, which takes long on a busy machine.
jest.setTimeout(300_000)

let folder: string
const at = (path: string) => join(folder, path)
const text = (path: string) => readFile(at(path), 'utf8')
const write = (path: string, content: string) => writeFile(at(path), content)

/** As npm runs it. @returns the exit code */
const build = (option?: '--when-changed' | '--check') =>
  spawnSync(process.execPath, ['scripts/build.js', ...(option ? [option] : [])], {
    cwd: folder,
    env: { ...process.env, PATH: `${at('node_modules/.bin')}:${process.env.PATH}` },
  }).status

const isBuilt = () => build('--check') === 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polity-build-'))
  for (const file of ['scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'nest-cli.json'])
    await cp(file, at(file), { recursive: true })
  await symlink(resolve('node_modules'), at('node_modules'))
  await mkdir(at('src/values'), { recursive: true })
  await write('src/main.ts', 'export const main = 1\n')
  await write('src/values/other.ts', 'export const other = 1\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('npm start builds where the sources have changed, and only there', async () => {
  expect(isBuilt()).toBe(false)
  expect(build('--when-changed')).toBe(0)
  expect(await text('dist/main.js')).toContain('main = 1')
  expect(isBuilt()).toBe(true)

  await write('dist/main.js', 'a mark')
  await write('src/main.ts', await text('src/main.ts'))
  expect(build('--when-changed')).toBe(0)
  expect(await text('dist/main.js')).toBe('a mark')

  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'nest-cli.json', 'src/values/other.ts']) {
    const content = await text(file)
    await write(file, content + '\n')
    expect([file, isBuilt()]).toEqual([file, false])
    await write(file, content)
    expect([file, isBuilt()]).toEqual([file, true])
  }
  // Another command has built since, as npm run start:dev does.
  const info = await text('dist/.tsbuildinfo')
  await write('dist/.tsbuildinfo', info + '\n')
  expect(isBuilt()).toBe(false)
  await write('dist/.tsbuildinfo', info)
  await write('src/new.ts', 'export const added = 1\n')
  expect(isBuilt()).toBe(false)
  await rm(at('src/new.ts'))
  expect(isBuilt()).toBe(true)

  await rm(at('dist/main.js'))
  expect(isBuilt()).toBe(false)
  await rm(at('src/values/other.ts'))
  expect(build('--when-changed')).toBe(0)
  expect(await text('dist/main.js')).toContain('main = 1')
  expect(existsSync(at('dist/values/other.js'))).toBe(false)

  await write('src/main.ts', 'export const main: string = 2\n')
  expect(build('--when-changed')).not.toBe(0)
  expect(isBuilt()).toBe(false)
})
