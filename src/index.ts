export { PolityPlugin, type PluginModule, type PluginOptions } from './plugin.js'
export { serve, type ServeOptions } from './server/serve.js'
export { createApplication, type ApplicationOptions } from './server/application.js'
export { Plugins } from './plugins.js'
export { Polity, type PolityOptions } from './polity.js'
export { PolityModule } from './polity.module.js'
export { runCli } from './server/cli/run.js'
export { loadConfig, readSettings } from './settings.js'
export * from './access/index.js'
export {
  type HookActor,
  type HookedMember,
  type OrganizationChanges,
  OrganizationHooks,
} from './hooks/organization-hooks.js'
export * from './identity/index.js'
export * from './integrations/index.js'
export * from './members/index.js'
export * from './organizations/index.js'
export * from './projects/index.js'
export type { AddCommands, CommandContext } from './platform/cli/command.js'
export { operator } from './platform/cli/operator.js'
export { Config } from './platform/config/config.js'
export { defineSettings, type Settings } from './platform/config/define-settings.js'
/** What settings may hold, each with a message that says what to write. */
export * as setting from './platform/config/setting-values.js'
export { Database, Transaction, type Queryable } from './platform/database/database.js'
export { openDatabase, type OpenDatabase } from './platform/database/open-database.js'
export { namedQuery, wireTime, type NamedQuery } from './platform/database/fast-path/named-query.js'
export {
  defineSecurityEvent,
  securityEventCatalogue,
  type SecurityEventDefinition,
} from './platform/events/define-security-event.js'
export { defineEvent, eventCatalogue, type EventDefinition } from './platform/events/define-event.js'
export {
  type Actor,
  type Changes,
  type DomainEvent,
  type OrganizationActor,
  type SecurityEvent,
  type StoredEvent,
  systemActor,
} from './platform/events/domain-event.js'
export { EventListeners, type EventListener, type Subscription } from './platform/events/event-listeners.js'
export {
  ApiError,
  defineError,
  type ErrorBody,
  type ErrorDefinition,
  type ErrorFactory,
} from './platform/http/error-catalogue.js'
export { ApiErrors } from './platform/http/api-errors.js'
export { ApiResource } from './platform/http/api-resource.js'
export { DtoPipe, LateBody, toDto } from './platform/http/dto.js'
export { notFound } from './platform/http/http.errors.js'
export { IdParam } from './platform/http/id-param.js'
export { Json } from './platform/http/json.js'
export {
  BooleanField,
  ChoiceField,
  DateTimeField,
  EmailField,
  IntegerField,
  ListField,
  ObjectField,
  ReferenceField,
  StringField,
  UrlField,
} from './platform/http/fields.js'
export { pageOf } from './platform/http/page.dto.js'
export { OrderingQuery, PageQuery, SearchQuery } from './platform/http/page-query.js'
export type { Page, PageRequest } from './platform/http/pagination.js'
export { Outbound } from './platform/outbound/outbound.js'
export { OutboundError } from './platform/outbound/outbound.error.js'
export { StartError } from './platform/start-error.js'
/** Makes an id that sorts by the time of its making. */
export { uuidv7 } from 'uuidv7'
