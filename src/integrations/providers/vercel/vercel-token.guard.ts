import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { SetMetadata } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { GuardedBy } from '../../../access/index.js'
import {
  adminRequired,
  authTypeNotAllowed,
  installationMismatch,
  invalidInstallationId,
  missingAuthType,
  missingToken,
} from './vercel.errors.js'
import { INSTALLATION_ID } from './vercel-installation.js'
import { type TokenKind, type VercelClaims, VercelTokens } from './vercel-tokens.js'

const ALLOWED = 'polity:vercel-token-kinds'

/** PostHog's names of the methods, for its errors. */
const actions: Record<string, string> = { PUT: 'update', PATCH: 'partial_update', POST: 'create', DELETE: 'destroy' }

type VercelRequest = FastifyRequest & { vercel?: VercelClaims }

/** Opens a route to Vercel, with tokens of these kinds. A user's token must be an admin's where the route changes something. */
export const VercelToken = (...kinds: TokenKind[]) =>
  applyDecorators(SetMetadata(ALLOWED, kinds), GuardedBy(VercelTokenGuard))

/** Gives a handler the claims of the token. */
export const CurrentVercelClaims = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<VercelRequest>().vercel,
)

/** Lets Vercel in: a valid token of the declared kind, of the role, and of the installation in the path. */
@Injectable()
export class VercelTokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: VercelTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<VercelRequest>()
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (!token) throw missingToken()
    const kind = String(request.headers['x-vercel-auth'] ?? '').toLowerCase()
    if (kind !== 'user' && kind !== 'system') throw missingAuthType()
    const claims = await this.tokens.verify(token, kind)
    const allowed = this.reflector.get<TokenKind[]>(ALLOWED, context.getHandler())
    if (!allowed.includes(kind)) throw authTypeNotAllowed({ kind, allowed: allowed.join(', ') })
    const action = actions[request.method]
    if (kind === 'user' && action && claims.user_role !== 'ADMIN')
      throw adminRequired({ action, role: claims.user_role! })
    const { installationId } = request.params as { installationId?: string }
    if (installationId !== undefined) {
      if (!INSTALLATION_ID.test(installationId)) throw invalidInstallationId()
      if (claims.installation_id !== installationId) throw installationMismatch()
    }
    request.vercel = claims
    return true
  }
}
