import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { Registry } from 'prom-client'
import type { PluginModule } from '../plugin-declaration.js'
import { Plugins } from '../plugins.js'
import { Authenticators, keyScheme, RateLimits } from '../access/index.js'
import { answerExpect, registerBodyParsers } from '../platform/http/body.js'
import { DtoPipe } from '../platform/http/dto.js'
import type { Config } from '../platform/config/config.js'
import { Connections } from '../platform/database/connections.js'
import { contactFor } from '../platform/database/first-contact.js'
import { allowOrigins } from '../platform/http/cors.js'
import { Drain } from '../platform/http/drain.js'
import { ErrorBodies } from '../platform/http/error-bodies.js'
import { ErrorFilter } from '../platform/http/error-filter.js'
import { frameworkErrors } from '../platform/http/framework-errors.js'
import { registerContentNegotiation } from '../platform/http/content-negotiation.js'
import { originForm, registerHost } from '../platform/http/host.js'
import { sendJsonAsItStands } from '../platform/http/json.js'
import { requestId } from '../platform/http/request-id.js'
import { registerRequestLog } from '../platform/http/request-log.js'
import { RouteTable } from '../platform/http/route-table.js'
import { type Particulars, serveOpenApi } from '../platform/http/openapi.js'
import { registerRequestMetrics } from '../platform/metrics/request-metrics.js'
import { createLogger, type Logger, NestLogger } from '../platform/logging/logger.js'
import { OrganizationFields } from '../organizations/index.js'
import { ServerModule } from './server.module.js'

export interface ApplicationOptions {
  logger?: Logger
  /** Modules of others, beside those that every server has. */
  plugins?: readonly PluginModule[]
  /**
   * Where another application of this process serves it: the path before `/api`, or ''. Links begin with it, and NestJS's own
   * lines go where that application sends them.
   */
  mountedAt?: string
}

const MAX_BODY_BYTES = 1_048_576

/** Builds the server, ready to listen or to be injected with requests. `DATABASE_URL` must be set and migrated. */
export async function createApplication(
  config: Config,
  { logger = createLogger(config), plugins = [], mountedAt }: ApplicationOptions = {},
): Promise<NestFastifyApplication> {
  const connections = new Connections(contactFor(config))
  const drain = new Drain(config.get('SHUTDOWN_DRAIN_MS'))
  let application: NestFastifyApplication | undefined
  try {
    const [adapter, routes] = adapterOf(config, logger, drain, () => application!.get(ErrorBodies), mountedAt)
    application = await NestFactory.create<NestFastifyApplication>(
      ServerModule.with(config, new Plugins(plugins), { logger, connections, drain, routes }),
      adapter,
      {
        // NestJS has one logger for all applications of a process.
        logger: mountedAt === undefined ? new NestLogger(logger) : undefined,
        bodyParser: false,
        abortOnError: false,
      },
    )
    registerRequestMetrics(adapter.getInstance(), application.get(Registry))
    application.useGlobalFilters(new ErrorFilter(routes, logger, application.get(ErrorBodies)))
    application.useGlobalPipes(new DtoPipe(application.get(OrganizationFields).bodies))
    if (config.get('CORS_ORIGINS').length > 0) {
      allowOrigins(application, config.get('CORS_ORIGINS'), routes)
    }
    const limits = application.get(RateLimits)
    serveOpenApi(
      application,
      ({ ip }) => limits.countAddress(ip),
      () => ({ ...particularsOf(application!), mountedAt }),
    )
    await application.init()
    await adapter.getInstance().ready()
    return application
  } catch (error) {
    // Its connections, and the deliveries that it may have begun, would outlive it.
    await application?.close()
    await connections.close()
    throw error
  }
}

/** What the API's description says that no decorator does. */
export const particularsOf = (application: NestFastifyApplication): Particulars => ({
  title: 'Polity',
  description:
    'Organizations, their members, scoped API keys and integrations. Wire-compatible with PostHog’s Organizations API.',
  credential: keyScheme,
  alternatives: application.get(Authenticators).securitySchemes,
  added: application.get(OrganizationFields).description,
})

function adapterOf(
  config: Config,
  logger: Logger,
  drain: Drain,
  bodies: () => ErrorBodies,
  mountedAt = '',
): [FastifyAdapter, RouteTable] {
  const trusted = config.get('TRUSTED_PROXIES')
  // The time for the whole request, however slowly it arrives. Node checks for expired requests at this interval.
  const requestTimeout = config.get('REQUEST_TIMEOUT_MS')
  const connectionsCheckingInterval = Math.min(1_000, requestTimeout)
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: trusted.length > 0 ? trusted : false,
    genReqId: requestId,
    rewriteUrl: originForm,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    forceCloseConnections: 'idle',
    // Requests that still arrive are served: Fastify's refusal has a body of its own.
    return503OnClosing: false,
    requestTimeout,
    http: {
      // A missing Host is refused below, in the shape of all errors.
      requireHostHeader: false,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval,
      ServerResponse: drain.ServerResponse,
    },
    ...frameworkErrors(bodies),
  })
  const server = adapter.getInstance()
  drain.watch(server.server)
  const routes = new RouteTable()
  // First, so that whatever the others refuse has its request id too.
  registerRequestLog(server, logger)
  registerHost(server, config, mountedAt)
  routes.watch(server)
  registerBodyParsers(server)
  answerExpect(server, MAX_BODY_BYTES)
  sendJsonAsItStands(server)
  registerContentNegotiation(server)
  return [adapter, routes]
}
