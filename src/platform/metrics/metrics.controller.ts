import { Controller, Get, Headers, Res, SetMetadata } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import { createHash, timingSafeEqual } from 'node:crypto'
import { Registry } from 'prom-client'
import { Config } from '../config/config.js'
import { notFound } from '../http/http.errors.js'

/** Serves `/metrics` in Prometheus’ text format to callers with `METRICS_TOKEN`, and 404 to all others. */
@ApiExcludeController()
@SetMetadata('polity:access-rule', { kind: 'public' })
@Controller()
export class MetricsController {
  constructor(
    private readonly registry: Registry,
    private readonly config: Config,
  ) {}

  @Get('metrics')
  async metrics(@Headers('authorization') authorization: string | undefined, @Res() reply: FastifyReply) {
    const token = this.config.get('METRICS_TOKEN')
    if (!token || !sameSecret(authorization ?? '', `Bearer ${token}`)) throw notFound()
    await reply.header('content-type', this.registry.contentType).send(await this.registry.metrics())
  }
}

/** Compares digests, so that the time it takes reveals neither content nor length. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
