import type { AppModuleOptions } from './app.module.js'
import type { FirstRun } from './first-run.js'
import type { Config } from './platform/config/config.js'
import { openDatabase } from './platform/database/open-database.js'
import { createLogger, type Logger } from './platform/logging/logger.js'
import { encryptionKeys } from './platform/secrets/encryption-keys.js'
import { StartError } from './platform/start-error.js'

type Options = Omit<AppModuleOptions, 'logger'>

/**
 * Starts everything, in order: database, migrations, server with what `options` add; stops it in reverse on SIGINT and
 * SIGTERM.
 * @example await serve(loadConfig(process.env), { integrations: [AcmeProvider] })
 * @throws {StartError} with one line that names the thing and the way out
 */
export async function serve(config: Config, options: Options = {}): Promise<void> {
  const logger = createLogger(config)
  const starting = start(config, logger, options)
  const stop = async (signal: string) => {
    logger.info({ signal }, 'stopping')
    // What has begun to start is waited for: PostgreSQL would go on without us. A start that fails stops by itself.
    const { application, database } = await starting
    await application.close()
    await database.close()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(signal).catch(() => undefined))
  await starting
}

async function start(config: Config, logger: Logger, options: Options) {
  // Before a database of the operator's is changed.
  if (config.get('DATABASE_URL')) encryptionKeys(config)
  const opening = openDatabase(config, (line) => logger.debug({ postgres: line }, 'postgres'))
  // The larger part of the program, loaded while PostgreSQL starts in processes of its own.
  const loading = Promise.all([import('./application.js'), import('./first-run.js')])
  loading.catch(() => undefined)
  const database = await opening
  try {
    const [{ createApplication }, { firstRun }] = await loading
    const application = await createApplication(database.config, { ...options, logger })
    await listen(() => application.listen(config.get('PORT'), config.get('HOST')), config)
    // Once the port is ours, so that a start that fails does not use up the key that is shown once.
    const first = await firstRun(application)
    announce((await application.getUrl()).replace('[::1]', 'localhost'), first)
    return { application, database }
  } catch (error) {
    await database.close()
    throw error
  }
}

async function listen(start: () => Promise<unknown>, config: Config): Promise<void> {
  try {
    await start()
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

/** What a newcomer needs to know, in plain text and not in the log: the key is shown here, once, and nowhere else. */
function announce(url: string, first: FirstRun | undefined): void {
  const lines = [
    `Polity is ready.`,
    `  API     ${url}/api/organizations/`,
    `  Docs    ${url}/api/docs/`,
    `  Health  ${url}/readyz`,
  ]
  if (first) {
    lines.push(
      '',
      `  This is the first start: ${first.email} owns “${first.organization}”. Their API key, shown only now:`,
      '',
      `    ${first.key}`,
      '',
      `  Try it:`,
      '',
      `    curl -H "Authorization: Bearer ${first.key}" ${url}/api/organizations/`,
    )
  }
  console.log(lines.join('\n') + '\n')
}
