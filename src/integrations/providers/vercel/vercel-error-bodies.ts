import { Injectable, type OnModuleInit } from '@nestjs/common'
import { ErrorBodies } from '../../../platform/http/error-bodies.js'
import type { ApiError } from '../../../platform/http/error-catalogue.js'
import { VercelSetup } from './vercel-setup.js'

/** The paths that Vercel calls: its marketplace's API, and the paths where it sends browsers to sign in. */
const VERCELS = /^\/api\/vercel\/(?:v1(?:\/|$)|sso\/?$)/

/** Vercel's error body: `{"error": {"code", "message", "user": {"message", "url"}}}`. */
function vercelBody({ status, body: { attr, detail } }: ApiError): object {
  const message = attr ? `${attr}: ${detail}` : detail
  return { error: { code: status >= 500 ? 'internal_error' : 'request_failed', message, user: { message, url: null } } }
}

/** Answers Vercel in its own error shape, also for paths without a route. */
@Injectable()
export class VercelErrorBodies implements OnModuleInit {
  constructor(
    private readonly bodies: ErrorBodies,
    private readonly settings: VercelSetup,
  ) {}

  onModuleInit(): void {
    if (this.settings.enabled) this.bodies.under(VERCELS, vercelBody)
  }
}
