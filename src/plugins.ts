import type { Abstract, Type } from '@nestjs/common'
import type { OrganizationHooks } from './hooks/index.js'
import type { IntegrationProvider } from './integrations/integration-provider.js'
import type { Authenticator } from './access/authenticator.js'
import { type ScopeDefinition, Scopes } from './access/scopes.js'
import { decidedBy, decisions } from './decisions.js'
import { CurrentUserModule } from './current-user/current-user.module.js'
import { PersonalApiKeysModule, UsersModule } from './identity/index.js'
import { IntegrationsModule } from './integrations/index.js'
import { AwsMarketplaceModule } from './integrations/providers/aws-marketplace/aws-marketplace.module.js'
import { VercelModule } from './integrations/providers/vercel/vercel.module.js'
import { MembersModule } from './members/index.js'
import { AccessModule } from './access/index.js'
import { type OrganizationField, OrganizationsModule } from './organizations/index.js'
import type { AddCommands } from './platform/cli/command.js'
import type { Config } from './platform/config/config.js'
import type { Settings } from './platform/config/define-settings.js'
import type { MigrationClass } from './platform/database/migrate.js'
import type { DeclaredEvent } from './platform/events/define-event.js'
import { PlatformModule } from './platform.module.js'
import { StartError } from './platform/start-error.js'
import { classOf, declarationOf, type PluginDeclaration, type PluginModule } from './plugin-declaration.js'
import { PostHogModule } from './compat/posthog/posthog.module.js'
import { ProjectsModule } from './projects/index.js'
import { isCompatible, VERSION } from './version.js'

/** The modules that every server has. */
export const shippedPlugins: readonly PluginModule[] = [
  PlatformModule,
  AccessModule,
  OrganizationsModule,
  IntegrationsModule,
  MembersModule,
  ProjectsModule,
  UsersModule,
  PersonalApiKeysModule,
  CurrentUserModule,
  PostHogModule,
  VercelModule,
  AwsMarketplaceModule,
]

/** A module with its declarations and the name of its class. */
interface Declared extends PluginDeclaration {
  name: string
  module: PluginModule
}

/** A class that replaces a decision of Polity’s, and its module. */
export interface Replacement {
  by: Type
  of: PluginModule
}

/** Everything that Polity's own modules and those of others declare, collected at boot. */
export class Plugins {
  private readonly modules: readonly PluginModule[]
  private readonly declared: readonly Declared[]
  /** Replacements by the class that they extend. */
  readonly replacements: ReadonlyMap<Abstract<object>, Replacement>

  /** @throws {StartError} if two declare the same name, or a plugin is for another version of Polity */
  constructor(others: readonly PluginModule[] = []) {
    this.modules = [...shippedPlugins, ...others]
    this.declared = withImports(this.modules).map((module) => ({
      ...declarationOf(module),
      name: classOf(module).name,
      module,
    }))
    this.refuseOtherVersions()
    this.refuseTwice('scope', ({ scopes = [] }) => scopes.map(({ object }) => object))
    this.refuseTwice('event', ({ events = [] }) => events.map(({ type }) => type))
    this.refuseTwice('setting', ({ settings }) => Object.keys(settings?.schema.shape ?? {}))
    this.refuseTwice('migration', ({ migrations = [] }) => migrations.map(({ name }) => name))
    this.refuseTwice('organization field', ({ fields }) => (fields?.organization ?? []).map(({ name }) => name))
    this.refuseTwice('table', ({ organizationTables = [] }) => organizationTables)
    this.replacements = this.collectReplacements()
    const unordered = this.migrationsByPlugin.find(({ migration }) => !/\D\d{13}$/.test(migration.name))
    if (unordered)
      throw new StartError(
        `The migration ${unordered.migration.name} of ${unordered.plugin} cannot be ordered: end its class name with the time of its creation in milliseconds, as in CreateWidgets${Date.now()}.`,
      )
  }

  get scopes(): Scopes {
    return new Scopes(this.declared.flatMap(({ scopes = [] }): readonly ScopeDefinition[] => scopes))
  }

  get events(): DeclaredEvent[] {
    return this.declared.flatMap(({ events = [] }) => events)
  }

  get settings(): Settings[] {
    return this.declared.flatMap(({ settings }) => settings ?? [])
  }

  get commands(): AddCommands[] {
    return this.declared.flatMap(({ commands = [] }) => commands)
  }

  get entities(): Type[] {
    return this.declared.flatMap(({ entities = [] }) => entities)
  }

  get organizationTables(): string[] {
    return this.declared.flatMap(({ organizationTables = [] }) => organizationTables)
  }

  get organizationFields(): OrganizationField[] {
    return this.declared.flatMap(({ fields }) => fields?.organization ?? [])
  }

  get integrations(): Type<IntegrationProvider>[] {
    return this.declared.flatMap(({ integrations = [] }) => integrations)
  }

  get authenticators(): Type<Authenticator>[] {
    return this.declared.flatMap(({ authenticators = [] }) => authenticators)
  }

  get hooks(): Type<OrganizationHooks>[] {
    return this.declared.flatMap(({ hooks = [] }) => hooks)
  }

  /** In the order in which they run. */
  get migrationsByPlugin(): { plugin: string; migration: MigrationClass }[] {
    return this.declared
      .flatMap(({ name, migrations = [] }) => migrations.map((migration) => ({ plugin: name, migration })))
      .sort((one, other) => timeOf(one.migration) - timeOf(other.migration))
  }

  get migrations(): MigrationClass[] {
    return this.migrationsByPlugin.map(({ migration }) => migration)
  }

  /** All modules for NestJS, with the routes that a server with these settings has. */
  modulesFor(config: Config): PluginModule[] {
    return this.modules.map((module) => {
      const { routesWhen, controllers } = declarationOf(module) ?? {}
      // Otherwise unchanged: to NestJS a dynamic module and its class are two modules.
      if (!routesWhen?.(config)) return module
      return 'module' in module ? { ...module, controllers } : { module, controllers }
    })
  }

  private refuseTwice(what: string, namesOf: (plugin: PluginDeclaration) => readonly string[]): void {
    const owners = new Map<string, string>()
    for (const plugin of this.declared) {
      for (const name of namesOf(plugin)) {
        const other = owners.get(name)
        if (other !== undefined)
          throw new StartError(
            `${other === plugin.name ? other : `${other} and ${plugin.name} both`} declare${other === plugin.name ? 's' : ''} the ${what} ${name}${other === plugin.name ? ' twice' : ''}: rename or remove one.`,
          )
        owners.set(name, plugin.name)
      }
    }
  }

  private collectReplacements(): Map<Abstract<object>, Replacement> {
    const replacements = new Map<Abstract<object>, Replacement>()
    for (const { name, module, decisions: replacing = [] } of this.declared) {
      for (const by of replacing) {
        const decision = decidedBy(by)
        if (!decision) {
          const bases = decisions.map(({ provide }) => provide.name).join(' or ')
          throw new StartError(`${by.name}, which ${name} lists in decisions, decides nothing: let it extend ${bases}.`)
        }
        const other = replacements.get(decision)
        if (other)
          throw new StartError(
            `${other.by.name} of ${classOf(other.of).name} and ${by.name} of ${name} both replace ${decision.name}: remove one.`,
          )
        replacements.set(decision, { by, of: module })
      }
    }
    return replacements
  }

  private refuseOtherVersions(): void {
    const other = this.declared.find(({ compatibility }) => compatibility && !isCompatible(compatibility))
    if (other)
      throw new StartError(
        `${other.name} is for Polity ${other.compatibility}, and this is ${VERSION}: install a version of the plugin for it.`,
      )
  }
}

/** Each module once, including modules that others import. */
function withImports(modules: readonly PluginModule[]): PluginModule[] {
  const visited = new Map<Type, PluginModule>()
  const visit = (module: PluginModule): void => {
    if (visited.has(classOf(module))) return
    visited.set(classOf(module), module)
    for (const imported of (Reflect.getMetadata('imports', classOf(module)) ?? []) as unknown[])
      if (isModule(imported)) visit(imported)
  }
  modules.forEach(visit)
  return [...visited.values()].filter(declarationOf)
}

const isModule = (value: unknown): value is PluginModule =>
  typeof value === 'function' || (typeof value === 'object' && value !== null && 'module' in value)

const timeOf = ({ name }: MigrationClass): number => Number(name.slice(-13))
