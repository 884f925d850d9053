import { Controller, Get, SetMetadata } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { HealthCheck, HealthCheckService, TypeOrmHealthIndicator } from '@nestjs/terminus'

/** `/livez`: the process answers. `/readyz`: so does its database. */
@ApiExcludeController()
@SetMetadata('polity:access-rule', { kind: 'public' })
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: TypeOrmHealthIndicator,
  ) {}

  @Get('livez')
  live() {
    return { status: 'ok' }
  }

  @Get('readyz')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.database.pingCheck('database', { timeout: 2_000 })])
  }
}
