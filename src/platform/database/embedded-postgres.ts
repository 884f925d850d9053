import { mkdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Client } from 'pg'
import { StartError } from '../start-error.js'
import type { Setting } from './embedded-postgres/child-process.js'
import { createCluster, ownPassword } from './embedded-postgres/cluster.js'
import { endLeftovers, holdDataFolder } from './embedded-postgres/data-folder.js'
import { linkLibraries, WAY_OUT } from './embedded-postgres/program.js'
import { Supervisor, type Supervision } from './embedded-postgres/supervisor.js'
import { systemUser } from './embedded-postgres/system-user.js'
import { WatchedClient } from './fast-path/watched-client.js'

/** A PostgreSQL server of this process's own, in a folder. */
export interface EmbeddedPostgres {
  /** `postgres://` address of the database `polity`, password included. */
  readonly url: string
  /** Shuts PostgreSQL down, waits until it has ended, and releases the folder. Calling it again changes nothing. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions extends Partial<Supervision> {
  /** Created when missing; the cluster goes into its folder `postgres`. */
  dataDir: string
  /** Receives every line of PostgreSQL's log. */
  log?: (line: string) => void
  /** `false` trades committed rows for speed when the machine fails. For tests only. Default: true. */
  durable?: boolean
}

const nothing = () => undefined

/**
 * Starts PostgreSQL in `<dataDir>/postgres`, on 127.0.0.1 and a free port; the first time it makes the cluster. What an
 * earlier, killed server left behind is ended or repaired first. A PostgreSQL that ends by itself is started again.
 * @throws {StartError} when the folder is held by another process, or PostgreSQL cannot run in it
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true })
    const dataDir = await realpath(options.dataDir)
    const hold = holdDataFolder(dataDir)
    try {
      linkLibraries()
      const { durable = true, log = nothing, ended = nothing, gaveUp = nothing } = options
      const setting = { dataDir, cluster: join(dataDir, 'postgres'), durable, log, user: systemUser(dataDir) }
      const password = await ownPassword(setting)
      await endLeftovers(setting.cluster)
      await createCluster(setting)
      const server = await Supervisor.start(setting, { ended, gaveUp })
      const url = `postgres://polity:${password}@127.0.0.1:${server.port}/polity`
      hold.announce(`127.0.0.1:${server.port}`)
      await createDatabase(url, setting).catch(async (error) => {
        await server.stop()
        throw error
      })
      let stopped: Promise<void> | undefined
      return { url, stop: () => (stopped ??= server.stop().then(() => hold.release())) }
    } catch (error) {
      hold.release()
      throw error
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof StartError || !/^E[A-Z]+$/.test(code ?? '')) throw error
    throw new StartError(
      `The data folder ${resolve(options.dataDir)} cannot be used: ${message}. Make it writable for this user, set DATA_DIR to another folder, or ${WAY_OUT}.`,
    )
  }
}

async function createDatabase(url: string, { dataDir }: Setting): Promise<void> {
  const connect = async (database: string): Promise<Client> => {
    const client = new WatchedClient({ connectionString: url.replace(/polity$/, database) })
    await client.connect()
    return client
  }
  try {
    const client = await connect('postgres')
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'polity'`)
    if (!rowCount) await client.query('create database polity')
    await client.end()
  } catch (error) {
    throw new StartError(
      `The PostgreSQL in ${dataDir} runs but does not let us in: ${(error as Error).message}. Restore the postgres-password that belongs to it, or set DATA_DIR to another folder.`,
    )
  }
}
