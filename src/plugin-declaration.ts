import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common'
import type { Authenticator } from './access/authenticator.js'
import type { ScopeDefinition } from './access/scopes.js'
import type { Decision } from './decisions.js'
import type { OrganizationHooks } from './hooks/organization-hooks.js'
import type { IntegrationProvider } from './integrations/integration-provider.js'
import type { AddCommands } from './platform/cli/command.js'
import type { OrganizationField } from './organizations/organization-fields.js'
import type { Config } from './platform/config/config.js'
import type { Settings } from './platform/config/define-settings.js'
import type { MigrationClass } from './platform/database/migrate.js'
import type { DeclaredEvent } from './platform/events/define-event.js'

/** Kept here and not as metadata of NestJS, which a start loads only after it has read its settings. */
const declarations = new WeakMap<object, PluginDeclaration>()

/** A module as NestJS knows it, and what it declares for the whole server. Polity's own modules are declared alike. */
export interface PluginOptions extends ModuleMetadata {
  /** What keys may be given, and routes may ask for. */
  scopes?: readonly ScopeDefinition[]
  /** What the module announces. */
  events?: readonly DeclaredEvent[]
  /** The environment variables that it reads. */
  settings?: Settings
  /** The rows of its tables, as TypeORM's entities. */
  entities?: readonly Type[]
  /** How its tables come to be: TypeORM's migrations, run under one lock and kept in one history with all others. */
  migrations?: readonly MigrationClass[]
  /**
   * Tables whose rows belong to an organization. Each has `organization_id` first in its primary key, in every unique
   * constraint and in every foreign key, and refers to `organizations` with `on delete cascade`, so that a purge finds it.
   */
  organizationTables?: readonly string[]
  /** Fields that it adds to organizations. */
  fields?: { readonly organization: readonly OrganizationField[] }
  /** Kinds of integration. */
  integrations?: readonly Type<IntegrationProvider>[]
  /** Recognize callers by another credential than a personal API key. */
  authenticators?: readonly Type<Authenticator>[]
  /** What it has to say before organizations and their members change: it can veto. */
  hooks?: readonly Type<OrganizationHooks>[]
  /** Classes that decide in Polity's place: each extends `Entitlements` or `BillingGate`. One plugin may replace each. */
  decisions?: readonly Decision[]
  /** What it adds to the command line. */
  commands?: readonly AddCommands[]
  /** Whether a server with these settings has the module's routes; otherwise they answer as missing paths do. Default: always. */
  routesWhen?: (config: Config) => boolean
  /** The versions of Polity that it works with, as npm writes them: `^1.2.0`. */
  compatibility?: string
}

/** What a plugin declares, apart from what NestJS reads itself. */
export type PluginDeclaration = Omit<PluginOptions, 'imports' | 'providers' | 'exports'>

/** A NestJS module. With {@link PolityPlugin} it declares what it adds; without, it only has routes and services. */
export type PluginModule = Type | DynamicModule

/** Notes what a module declares. */
export const declare = (module: object, declaration: PluginDeclaration): void =>
  void declarations.set(module, declaration)

/** The class of a module, which may be given with options. */
export const classOf = (module: PluginModule): Type => ('module' in module ? module.module : module)

/** What a module declares; undefined for one without {@link PolityPlugin}. */
export const declarationOf = (module: PluginModule): PluginDeclaration | undefined => declarations.get(classOf(module))

/** @returns the settings that plugins declare */
export const settingsOf = (plugins: readonly PluginModule[]): Settings[] =>
  plugins.flatMap((plugin) => declarationOf(plugin)?.settings ?? [])
