import { Module } from '@nestjs/common'
import { declare, type PluginOptions } from './plugin-declaration.js'

export { type PluginModule, type PluginOptions } from './plugin-declaration.js'

/**
 * `@Module`, and what the module declares for the whole server: its scopes, events, settings, migrations and so on. All of
 * it is collected at boot, where a mistake is refused in one sentence. Give the class to `serve`, `createApplication`,
 * `runCli`, `loadConfig` or `TestServer.start` as one of `plugins`.
 * @example
 * ```ts
 * @PolityPlugin({
 *   entities: [Widget],
 *   controllers: [WidgetsController],
 *   providers: [WidgetsService],
 *   scopes: [defineScope('widget', { read: 'See widgets', write: 'Change widgets' })],
 *   migrations: [CreateWidgets1767000000000],
 *   organizationTables: ['widgets'],
 * })
 * export class WidgetsModule {}
 * ```
 */
export function PolityPlugin({ imports, providers = [], exports = [], ...declaration }: PluginOptions): ClassDecorator {
  const { controllers, integrations = [], authenticators = [], hooks = [], decisions = [], routesWhen } = declaration
  return (target) => {
    // Controllers that depend on settings are added by Plugins.modulesFor().
    const always = routesWhen ? [] : controllers
    const own = [...providers, ...integrations, ...authenticators, ...hooks, ...decisions]
    // Other modules ask them.
    Module({ imports, controllers: always, providers: own, exports: [...exports, ...decisions] })(target)
    declare(target, declaration)
  }
}
