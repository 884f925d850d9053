import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError } from '../../start-error.js'
import { exitOf, failure, readLog, run, type Setting } from './child-process.js'

/** Made once, and before the cluster, so that no cluster exists whose password is lost. */
export async function ownPassword({ dataDir, cluster, user }: Setting): Promise<string> {
  const file = join(dataDir, 'postgres-password')
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  if (existsSync(join(cluster, 'PG_VERSION'))) {
    throw new StartError(
      `${file} is missing, and the PostgreSQL in ${cluster} cannot be opened without it. Restore it from a backup, or set DATA_DIR to another folder.`,
    )
  }
  const password = randomBytes(32).toString('base64url')
  await writeFile(`${file}.new`, password + '\n', { mode: 0o600 })
  // initdb reads it as the user it runs as.
  if (user) await chown(`${file}.new`, user.uid, user.gid)
  await rename(`${file}.new`, file)
  return password
}

/** Makes the cluster in a folder beside its place and renames it, so a cluster that has its name is whole. */
export async function createCluster({ dataDir, cluster, durable, log, user }: Setting): Promise<void> {
  for (const name of await readdir(dataDir)) {
    // An initdb whose server was killed may still be writing there; it then fails for lack of its folder.
    if (name.startsWith('postgres.new-')) await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
  if (existsSync(join(cluster, 'PG_VERSION'))) return
  if (existsSync(cluster) && (await readdir(cluster)).length > 0) {
    throw new StartError(
      `${cluster} is not empty and holds no PostgreSQL. Move it away, or set DATA_DIR to another folder.`,
    )
  }
  const draft = await mkdtemp(join(dataDir, 'postgres.new-'))
  await chmod(draft, 0o700)
  if (user) await chown(draft, user.uid, user.gid)
  const initdb = run('initdb', { dataDir, user }, [
    `--pgdata=${draft}`,
    '--username=polity',
    `--pwfile=${join(dataDir, 'postgres-password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts alike on every machine, so a data folder may move to one with another C library.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ])
  const lines = readLog(initdb, log)
  if ((await exitOf(initdb, 'initdb')) !== 0) throw failure(`PostgreSQL cannot make its files in ${dataDir}`, lines)
  await rename(draft, cluster)
  if (durable && process.platform !== 'win32') {
    const folder = await open(dataDir)
    await folder.sync()
    await folder.close()
  }
}
