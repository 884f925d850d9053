import { Controller, Get, Res, SetMetadata } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { HealthCheck, HealthCheckService, TypeOrmHealthIndicator } from '@nestjs/terminus'
import type { FastifyReply } from 'fastify'
import { Drain } from '../http/drain.js'
import { unavailable } from '../http/http.errors.js'

/** `/livez`: the process answers. `/readyz`: so does its database, and it is not about to stop. */
@ApiExcludeController()
@SetMetadata('polity:access-rule', { kind: 'public' })
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
    private readonly drain: Drain,
  ) {}

  @Get('livez')
  live() {
    return { status: 'ok' }
  }

  @Get('readyz')
  @HealthCheck()
  ready(@Res({ passthrough: true }) reply: FastifyReply) {
    // Not thrown, because a server that stops as it should is no error in its log.
    if (this.drain.isDraining) {
      const { status, body } = unavailable()
      void reply.status(status)
      return body
    }
    return this.health.check([() => this.database.pingCheck('database', { timeout: 2_000 })])
  }
}
