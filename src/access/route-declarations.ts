import { Injectable, type OnApplicationBootstrap, RequestMethod } from '@nestjs/common'
import { METHOD_METADATA, MODULE_PATH, PATH_METADATA } from '@nestjs/common/constants.js'
import { DiscoveryService, MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core'
import { StartError } from '../platform/start-error.js'
import { ACCESS_RULE, type AccessRule } from './access-rule.js'
import { Scopes } from './scopes.js'
import { misfitOf, type RouteDeclaration } from './route-rule.js'

/** Knows every route with its access rule, and refuses to start while one has none, or one that does not fit: deny by default. */
@Injectable()
export class RouteDeclarations implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly scopes: Scopes,
  ) {}

  /** @throws {StartError} naming the first route whose rule is missing or wrong, and what to write */
  onApplicationBootstrap(): void {
    const misfit = this.all()
      .map((route) => misfitOf(route, this.scopes))
      .find(Boolean)
    if (misfit) throw new StartError(misfit)
  }

  /** A route that is reached by several paths stands here several times. */
  all(): RouteDeclaration[] {
    return this.discovery.getControllers().flatMap(({ metatype, host }) => {
      if (typeof metatype !== 'function') return []
      const prototype = metatype.prototype as Record<string, () => unknown>
      const prefixes = paths(this.prefixOf(host?.metatype), pathOf(metatype))
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name]!
        const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
        if (method === undefined) return []
        return paths(prefixes, pathOf(handler)).map((path) => ({
          method: RequestMethod[method],
          path: '/' + path.split('/').filter(Boolean).join('/'),
          handler: `${metatype.name}.${name}`,
          rule: this.reflector.getAllAndOverride<AccessRule>(ACCESS_RULE, [handler, metatype]),
        }))
      })
    })
  }

  /** What `RouterModule.register` puts before all routes of a module. */
  private prefixOf(module?: object | null): string {
    if (!module) return ''
    const of = (key: string) => Reflect.getMetadata(key, module) as string | undefined
    return of(MODULE_PATH + this.modules.applicationId) ?? of(MODULE_PATH) ?? ''
  }
}

/** Each of `heads` with each of `tails` behind it: a decorator takes one path or several. */
const pathOf = (route: object) => Reflect.getMetadata(PATH_METADATA, route) as string | string[]

const paths = (heads: string | string[], tails: string | string[]): string[] =>
  [heads].flat().flatMap((head) => [tails].flat().map((tail) => `${head}/${tail}`))
