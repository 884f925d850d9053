import { once } from 'node:events'
import { createServer } from 'node:net'
import { announce, handOver } from './announcement.js'
import type { Config } from '../platform/config/config.js'
import { namesOf } from '../platform/config/parse-settings.js'
import { unreadNames } from '../platform/config/setting-names.js'
import { openDatabase } from '../platform/database/open-database.js'
import { createLogger, type Logger } from '../platform/logging/logger.js'
import { encryptionKeys } from '../platform/secrets/encryption-keys.js'
import { StartError } from '../platform/start-error.js'
import type { PluginModule } from '../plugin-declaration.js'
import { readSettings } from '../settings.js'
import { type Running, stopper } from './stop.js'

export interface ServeOptions {
  /** Modules of others, beside those that every server has. */
  plugins?: readonly PluginModule[]
  /** Default: read from the environment and `.env`. */
  config?: Config
}

/**
 * Starts everything, in order: database, migrations, server with its plugins; stops it in reverse on SIGINT and
 * SIGTERM, the latter after a drain of `SHUTDOWN_DRAIN_MS`.
 * @example await serve({ plugins: [WidgetsModule] })
 * @throws {StartError} with one line that names the thing and the way out
 */
export async function serve({ plugins = [], config = readSettings({ plugins }) }: ServeOptions = {}): Promise<void> {
  const logger = createLogger(config)
  const unread = unreadNames(Object.keys(process.env), namesOf(config.settings))
  if (unread.length > 0) logger.warn({ variables: unread }, 'variables that begin as settings do and are none')
  const starting = start(config, logger, plugins, (error) => stop(error))
  const stop = stopper(starting, config, logger)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  await starting
}

async function start(
  config: Config,
  logger: Logger,
  plugins: readonly PluginModule[],
  gaveUp: (error: StartError) => void,
): Promise<Running> {
  // Before a database of the operator's is changed.
  if (config.get('DATABASE_URL')) encryptionKeys(config)
  await listening(config, () => tryPort(config.get('PORT'), config.get('HOST')))
  // The larger part of the program, loaded while PostgreSQL starts in processes of its own.
  const loading = Promise.all([import('./application.js'), import('./first-run.js'), import('../plugins.js')])
  loading.catch(() => undefined)
  const migrations = async () => new (await loading)[2].Plugins(plugins).migrations
  const database = await openDatabase(config, migrations, {
    log: (line) => logger.debug({ postgres: line }, 'postgres'),
    ended: (failure) => logger.error({ failure }, 'PostgreSQL is started again'),
    gaveUp,
    waiting: (reason) => logger.warn({ reason }, 'waiting for the database'),
  })
  try {
    const [{ createApplication }, { firstRun }] = await loading
    const application = await createApplication(database.config, { plugins, logger })
    await listening(config, () => application.listen(config.get('PORT'), config.get('HOST')))
    // Once the port is ours, so that a start that fails does not use up the key that is shown once.
    const first = await firstRun(application, (made) => handOver(made, config))
    await announce((await application.getUrl()).replace('[::1]', 'localhost'), first)
    return { application, database }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Says that the port is taken before PostgreSQL is set up, which takes seconds. */
async function tryPort(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

async function listening(config: Config, listen: () => Promise<unknown>): Promise<void> {
  try {
    await listen()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const place = `${config.get('HOST')}:${config.get('PORT')}`
    if (code === 'EADDRINUSE')
      throw new StartError(`${place} is in use by another program. Stop it, or set PORT to a free port.`)
    if (code === 'EACCES') throw new StartError(`${place} may not be used by this user. Set PORT to a port above 1023.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartError(
        `HOST ${config.get('HOST')} is no address of this machine. Set HOST to one, or to 0.0.0.0 for all.`,
      )
    throw error
  }
}
