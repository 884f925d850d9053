import { Controller, Get, Res, ServiceUnavailableException, SetMetadata } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { HealthCheck, HealthCheckService } from '@nestjs/terminus'
import type { FastifyReply } from 'fastify'
import { DatabaseHealth } from '../database/database.health.js'
import { Drain } from '../http/drain.js'
import { unavailable } from '../http/http.errors.js'

/** The value of `Retry-After`, in seconds. */
const RETRY_AFTER_SECONDS = 5

/** `/livez`: the process answers. `/readyz`: its database answers too, and the process is not stopping. */
@ApiExcludeController()
@SetMetadata('polity:access-rule', { kind: 'public' })
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: DatabaseHealth,
    private readonly drain: Drain,
  ) {}

  @Get('livez')
  live() {
    return { status: 'ok' }
  }

  /** Answers 503 with the same body while the server is not ready. This is not one of the API's errors. */
  @Get('readyz')
  @HealthCheck()
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    // Not thrown: a server that is stopping must not log an error.
    if (this.drain.isDraining) {
      const { status, body } = unavailable()
      void reply.status(status)
      return body
    }
    try {
      return await this.health.check([() => this.database.check()])
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error
      void reply.status(503).header('retry-after', String(RETRY_AFTER_SECONDS))
      return error.getResponse()
    }
  }
}
