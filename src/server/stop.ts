import type { INestApplication } from '@nestjs/common'
import type { Config } from '../platform/config/config.js'
import type { OpenDatabase } from '../platform/database/open-database.js'
import { Drain } from '../platform/http/drain.js'
import type { Logger } from '../platform/logging/logger.js'
import { StartError } from '../platform/start-error.js'

/** What is running after a successful start. */
export interface Running {
  application: INestApplication
  database: OpenDatabase
}

/** Beyond the drain. With it and the time that PostgreSQL gets, all fits into the 30 s that Kubernetes waits. */
const CLOSE_MS = 12_000

/**
 * Ends what `starting` started, in reverse, and then the process. Calling it again only skips the drain.
 * @returns what to call with a signal, or with the reason why the process cannot go on
 */
export function stopper(starting: Promise<Running>, config: Config, logger: Logger) {
  let started = false
  let stopping = false
  starting.then(
    () => (started = true),
    () => undefined,
  )
  return (reason: NodeJS.Signals | StartError): void => {
    const drains = reason === 'SIGTERM' && started && !stopping
    // A start in progress is waited for, or PostgreSQL would outlive this process. A start that fails stops by itself.
    if (!drains) starting.then(({ application }) => application.get(Drain).skip()).catch(() => undefined)
    if (stopping) return
    stopping = true
    logger.info({ reason: reason instanceof StartError ? reason.message : reason }, 'stopping')
    if (reason instanceof StartError) console.error(reason.message)
    starting
      .then((running) => stop(running, config.get('SHUTDOWN_DRAIN_MS') + CLOSE_MS))
      .then((error) => {
        if (error) logger.error({ err: error }, 'stopped, but not in order')
        process.exit(error || reason instanceof StartError ? 1 : 0)
      })
      .catch(() => undefined)
  }
}

/** @returns what kept it from stopping in order */
async function stop({ application, database }: Running, withinMs: number): Promise<Error | undefined> {
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`The application did not close within ${withinMs} ms.`)), withinMs)
  })
  const failed = await Promise.race([application.close(), tooLate]).catch((error: Error) => error)
  clearTimeout(late)
  const databaseFailed = await database.close().catch((error: Error) => error)
  return (failed as Error | undefined) ?? (databaseFailed as Error | undefined)
}
