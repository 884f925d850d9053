import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import type { FastifyAdapter } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'
import type { AccessRule } from './access-rule.js'
import { Authentication } from './authentication.js'
import { RouteDeclarations } from './route-declarations.js'

/** Refuses a wrong key in the header before the body is read, so that no stranger's megabyte is parsed. */
@Injectable()
export class EarlyAuthentication implements OnModuleInit, OnApplicationBootstrap {
  private readonly rules = new Map<string, AccessRule>()

  constructor(
    private readonly adapter: HttpAdapterHost<FastifyAdapter>,
    private readonly declarations: RouteDeclarations,
    private readonly authentication: Authentication,
  ) {}

  onModuleInit(): void {
    // Commands use the services without a server.
    this.adapter.httpAdapter?.getInstance().addHook('onRequest', async (request) => {
      if (!hasBody(request)) return
      const rule = this.rules.get(`${request.method} ${request.routeOptions.url}`)
      if (rule?.kind === 'scope' || rule?.kind === 'no-keys') await this.authentication.authenticateEarly(request, rule)
    })
  }

  onApplicationBootstrap(): void {
    for (const { method, path, rule } of this.declarations.all()) this.rules.set(`${method} ${path}`, rule)
  }
}

/** RFC 9112 section 6: the headers that announce a body. */
const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
