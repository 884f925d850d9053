import { randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../start-error.js'

const NAME = 'integration-encryption-keys'

/**
 * The keys of an installation without `INTEGRATION_ENCRYPTION_KEYS`, in the same syntax. The first start makes them and
 * keeps them in the data folder, readable by its owner only.
 * @throws {StartError} when the file cannot be read or written
 */
export async function keysOfDataFolder(dataDir: string): Promise<string> {
  const path = join(dataDir, NAME)
  try {
    return (await readIfThere(path)) ?? (await make(path))
  } catch (error) {
    throw new StartError(`${path} cannot be read or written: ${(error as Error).message}`)
  }
}

async function make(path: string): Promise<string> {
  const keys = `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`
  const draft = `${path}.${process.pid}`
  const file = await open(draft, 'w', 0o600)
  await file.writeFile(keys + '\n')
  // Written to the disk before anything is sealed with it, and atomically.
  await file.sync()
  await file.close()
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  return (await readIfThere(path))!
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
