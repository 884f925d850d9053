import { Global, Module } from '@nestjs/common'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { MetricsController } from './metrics.controller.js'

/** The figures of this process. A module adds its own: `new Counter({ ..., registers: [registry] })`. */
@Global()
@Module({
  controllers: [MetricsController],
  providers: [{ provide: Registry, useFactory: processFigures }],
  exports: [Registry],
})
export class MetricsModule {}

function processFigures(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
