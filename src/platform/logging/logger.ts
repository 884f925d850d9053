import type { LoggerService } from '@nestjs/common'
import { type Logger, pino } from 'pino'
import type { Config } from '../config/config.js'

export type { Logger }

/** JSON lines, or readable ones on a terminal. What could be a credential is redacted wherever it was put. */
export function createLogger(config: Config): Logger {
  const format = config.get('LOG_FORMAT')
  const pretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
  return pino({
    level: config.get('LOG_LEVEL'),
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: [
      ...['authorization', ...config.secretParameters].flatMap((name) => [name, `*.${name}`]),
      ...['err.parameters', 'err.query', 'err.driverError'],
    ],
    ...(pretty
      ? { transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss', ignore: 'request_id' } } }
      : {}),
  })
}

/** Where NestJS logs what keeps it from starting. The error is thrown as well, and the caller reports it. */
const THROWN_TOO = new Set<string | undefined>(['NestApplication', 'ExceptionHandler'])

/** NestJS's own lines, in the same log. Its chatter about modules and routes is for debugging only. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message))
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message))
  }
  error(message: unknown, stack?: string, context?: string): void {
    this.logger[THROWN_TOO.has(context) ? 'debug' : 'error']({ context, stack }, String(message))
  }
}
