import { Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core'
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js'
import { RequestMethod } from '@nestjs/common'
import { StartError } from '../platform/start-error.js'
import { ACCESS_RULE, type AccessRule } from './access-rule.js'

export interface RouteDeclaration {
  method: string
  /** `/api/organizations/:id` */
  path: string
  handler: string
  rule: AccessRule
}

/** Knows every route with its access rule, and refuses to start while one has none: deny by default. */
@Injectable()
export class RouteDeclarations implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws {StartError} naming the first route without a declaration */
  onApplicationBootstrap(): void {
    const undeclared = this.all().find(({ rule }) => !rule)
    if (!undeclared) return
    throw new StartError(
      `${undeclared.handler} (${undeclared.method} ${undeclared.path}) does not say who may call it: add @RequiresScope(...) or @Public().`,
    )
  }

  all(): RouteDeclaration[] {
    return this.discovery.getControllers().flatMap(({ instance, metatype }) => {
      if (!instance || !metatype) return []
      const prototype = Object.getPrototypeOf(instance) as Record<string, () => unknown>
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name]!
        const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
        if (method === undefined) return []
        const segments = [Reflect.getMetadata(PATH_METADATA, metatype), Reflect.getMetadata(PATH_METADATA, handler)]
        return {
          method: RequestMethod[method]!,
          path: '/' + segments.flat().join('/').split('/').filter(Boolean).join('/'),
          handler: `${metatype.name}.${name}`,
          rule: this.reflector.getAllAndOverride<AccessRule>(ACCESS_RULE, [handler, metatype]),
        }
      })
    })
  }
}
