import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { FirstRun } from './first-run.js'
import type { Config } from '../platform/config/config.js'
import { StartError } from '../platform/start-error.js'

/** Tells the person who started the server how to read the first key, as a shell command. */
export type FirstKey = { inShell: string }

/** In plain text and not in the log. Resolves when it is written. */
const say = (...lines: string[]) =>
  new Promise<void>((resolve, reject) =>
    process.stdout.write(lines.join('\n') + '\n', (error) => (error ? reject(error) : resolve())),
  )

/**
 * Hands over the key of the first start, which stands nowhere else. It is printed with the embedded PostgreSQL and on a
 * terminal. With a database of the operator's the output goes to collectors that keep it, so there it gets a file.
 * @param config as it was given, without the address of the embedded PostgreSQL
 * @throws {StartError} where the file cannot be written
 */
export async function handOver({ email, organization, key }: FirstRun, config: Config): Promise<FirstKey> {
  const first = `This is the first start: ${email} owns “${organization}”.`
  if (!config.get('DATABASE_URL') || process.stdout.isTTY) {
    await say(`${first} Their API key, shown only now:`, '', `  ${key}`, '')
    return { inShell: key }
  }
  const file = resolve(config.get('DATA_DIR'), 'first-api-key')
  await write(file, key)
  await say(
    `${first} Their API key is in a file that only this user can read. Delete it after use:`,
    '',
    `  ${file}`,
    '',
  )
  return { inShell: `$(cat '${file}')` }
}

/** Says where the server answers. */
export function announce(url: string, first: FirstKey | undefined): Promise<void> {
  const lines = [
    'Polity is ready.',
    `  API     ${url}/api/organizations/`,
    `  Docs    ${url}/api/docs/`,
    `  Health  ${url}/readyz`,
    '',
  ]
  if (first)
    lines.push('Try it:', '', `  curl -H "Authorization: Bearer ${first.inShell}" ${url}/api/organizations/`, '')
  return say(...lines)
}

/** On the disk when it resolves, under its name whole or not at all. */
async function write(file: string, key: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const draft = join(dirname(file), `.first-api-key.${process.pid}`)
    const written = await open(draft, 'w', 0o600)
    await written.writeFile(key + '\n')
    await written.sync()
    await written.close()
    await rename(draft, file)
  } catch (error) {
    throw new StartError(
      `The first API key cannot be written to ${file}: ${(error as Error).message}. Set DATA_DIR to a folder that this user may write to, or start once on a terminal.`,
    )
  }
}
