import type { Abstract, OnApplicationShutdown, Type } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { OpenAPIObject } from '@nestjs/swagger'
import { Database } from './platform/database/database.js'
import { contactOf } from './platform/database/first-contact.js'
import { migrateUp } from './platform/database/migrate.js'
import { ensureSchema, inSchema } from './platform/database/own-schema.js'
import { withDocument } from './platform/http/combined-document.js'
import { type HostAdapter, serveWithin } from './platform/http/host-adapter.js'
import { openApiDocument } from './platform/http/openapi.js'
import { RouteTable } from './platform/http/route-table.js'
import { encryptionKeys } from './platform/secrets/encryption-keys.js'
import { StartError } from './platform/start-error.js'
import type { PluginModule } from './plugin-declaration.js'
import { Plugins } from './plugins.js'
import { createApplication, particularsOf } from './server/application.js'
import { loadConfig } from './settings.js'

/** What {@link PolityModule.forRoot} takes. */
export interface PolityOptions {
  /** Where PostgreSQL is: `postgres://user:password@host:5432/database`. Polity opens connections of its own. */
  databaseUrl: string
  /** The schema for Polity’s tables, created if it is missing. Default: `polity`. */
  schema?: string
  /** Modules of yours whose routes and services run inside of Polity. */
  plugins?: readonly PluginModule[]
  /** The prefix of Polity’s routes before `/api`, such as `/platform`. Default: none. */
  prefix?: string
  /**
   * Settings by their names in `.env.example`. `INTEGRATION_ENCRYPTION_KEYS` is required. Polity does not read
   * `process.env` itself, but you may pass it.
   */
  settings?: NodeJS.ProcessEnv
}

/** Polity inside of another application. Injectable there. */
export class Polity implements OnApplicationShutdown {
  private constructor(
    private readonly application: NestFastifyApplication,
    private readonly prefix: string,
  ) {}

  /**
   * Migrates the schema, starts Polity and serves its routes from the application that `adapter` belongs to.
   * @param adapter undefined in an application without HTTP, which has the services alone
   * @throws {StartError} for options that are wrong, and a database that cannot be used
   */
  static async start(options: PolityOptions, adapter?: HostAdapter): Promise<Polity> {
    const { databaseUrl, schema = 'polity', plugins = [], prefix = '', settings = {} } = options
    if (!/^(\/[\w.~-]+)*$/.test(prefix))
      throw new StartError(`prefix "${prefix}" is not valid: write it as in "/platform", without a slash at its end.`)
    // Despite its type it may be missing, if it comes from an environment variable.
    if (!databaseUrl)
      throw new StartError('databaseUrl is missing: write it like postgres://user:password@host:5432/database.')
    const given = loadConfig({ ...settings, DATABASE_URL: databaseUrl }, { plugins })
    const url = inSchema(databaseUrl, schema)
    // The application around us drains its own server and closes us when no request is left.
    const config = given.with({ DATABASE_URL: url, SHUTDOWN_DRAIN_MS: 0 })
    // Before anything is changed.
    encryptionKeys(config)
    const contact = {
      ...contactOf(databaseUrl, config.get('DATABASE_START_TIMEOUT_MS')),
      wayOut: 'Start it, or correct databaseUrl.',
    }
    await ensureSchema(url, schema, contact)
    await migrateUp(url, new Plugins(plugins).migrations, contact)
    const application = await createApplication(config, { plugins, mountedAt: prefix })
    try {
      if (adapter) serve(application, adapter, prefix)
    } catch (error) {
      // Its connections would outlive it.
      await application.close()
      throw error
    }
    return new Polity(application, prefix)
  }

  /** A service of Polity's or of a plugin's. */
  get<Service>(token: Type<Service> | Abstract<Service> | string | symbol): Service {
    return this.application.get<Service>(token)
  }

  /** For your readiness probe. @throws if Polity’s database does not answer */
  async check(): Promise<void> {
    await this.application.get(Database).check()
  }

  /** Adds Polity’s routes to your OpenAPI document. @returns a copy */
  describeIn(document: OpenAPIObject): OpenAPIObject {
    return withDocument(document, openApiDocument(this.application, particularsOf(this.application)), this.prefix)
  }

  async onApplicationShutdown(): Promise<void> {
    await this.application.close()
  }
}

function serve(application: NestFastifyApplication, adapter: HostAdapter, prefix: string): void {
  const routes = application.get(RouteTable)
  const server = application.getHttpAdapter().getInstance()
  serveWithin(
    adapter,
    prefix,
    (path) => routes.hasRoutesNear(path),
    (request, response) => server.routing(request, response),
  )
}
