import { Injectable } from '@nestjs/common'
import { z } from 'zod'
import { type Caller, personOf } from '../../../access/index.js'
import { PersonalApiKeysService, UsersService } from '../../../identity/index.js'
import { Database } from '../../../platform/database/database.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { ApiError } from '../../../platform/http/error-catalogue.js'
import { OneTimeTokens } from '../../../platform/secrets/one-time-tokens.js'
import { isSameEmail } from '../../../platform/values/stored-values.js'
import { invalidSsoRequest, otherAccount, ssoFailed, ticketExpired } from './vercel.errors.js'
import type { SsoLink, SsoSession } from './vercel.dto.js'
import { VercelApi } from './vercel-api.js'
import { KIND } from './vercel-installation.js'
import { VercelInstallations } from './vercel-installations.service.js'
import { VercelPeople } from './vercel-people.js'
import { VercelSetup } from './vercel-setup.js'
import { VercelTokens, type VercelUser } from './vercel-tokens.js'
import { frontendUrl } from './vercel-urls.js'

const TICKET_LIFETIME_MS = 60_000
/** To sign in to the account that exists already. */
const LINK_LIFETIME_MS = 300_000
const KEY_LIFETIME_MS = 12 * 3_600_000

/** Vercel sends no NUL, which PostgreSQL cannot store. */
const text = z
  .string()
  .max(2_000)
  .refine((value) => !value.includes('\0'))

const absentWhenEmpty = text.optional().transform((value) => value || undefined)

const arrival = z.object({
  mode: z.literal('sso'),
  code: text.min(1),
  state: text.min(1),
  product_id: absentWhenEmpty,
  resource_id: absentWhenEmpty,
  project_id: absentWhenEmpty,
  path: z.enum(['', 'billing', 'usage', 'support', 'secrets', 'onboarding']).optional(),
  url: absentWhenEmpty,
})

type Arrival = z.infer<typeof arrival>
type Ticket = {
  user_id: number
  organization_id: string
  resource_id?: string
  /** About the browser, because the frontend's server exchanges the ticket later. */
  from?: Pick<Actor['origin'], 'ip' | 'user_agent'>
}
type Link = { installation_id: string; vercel_user_id: string; email: string }

/**
 * Signs people in who come from Vercel. The browser gets a one-time ticket and is sent to `APP_URL`; the frontend's
 * server exchanges the ticket, so that no key is ever in a URL.
 */
@Injectable()
export class VercelSso {
  constructor(
    private readonly database: Database,
    private readonly settings: VercelSetup,
    private readonly api: VercelApi,
    private readonly tokens: VercelTokens,
    private readonly oneTime: OneTimeTokens,
    private readonly installations: VercelInstallations,
    private readonly people: VercelPeople,
    private readonly users: UsersService,
    private readonly keys: PersonalApiKeysService,
  ) {}

  /**
   * Takes the code that Vercel gave the browser. @returns where to send the browser
   * @throws {ApiError} 400 for a request that did not come from Vercel, 401 for a person Vercel does not confirm
   */
  async arrive(by: Actor, request: Record<string, unknown>): Promise<string> {
    const parsed = arrival.safeParse(request)
    if (!parsed.success) throw invalidSsoRequest({ field: parsed.error.issues[0]!.path.join('.') })
    const url = parsed.data.url && frontendUrl(this.settings.appUrl, parsed.data.url)
    if (url === null) throw invalidSsoRequest({ field: 'url' })
    const query = { ...parsed.data, url }
    const claims = await this.exchangeCode(query)
    const integration = await this.installations.find(claims.installation_id)
    if (!integration) throw ssoFailed()
    const user = await this.database.transaction((tx) => this.people.person(tx, by, integration, claims), integration)
    if (user === 'left') throw ssoFailed()
    if (user === 'unlinked') return this.toLogin(query, claims)
    const { organization_id } = integration
    const { ip, user_agent } = by.origin
    const ticket: Ticket = {
      user_id: user.id,
      organization_id,
      resource_id: query.resource_id,
      from: { ip, user_agent },
    }
    return this.toApp(query, { ticket: await this.oneTime.issue('vercel-sso', ticket, TICKET_LIFETIME_MS) })
  }

  /** @throws {ApiError} 400 for a ticket that is used or expired */
  async exchange(by: Actor, ticket: string): Promise<SsoSession> {
    const read = await this.oneTime.read<Ticket>('vercel-sso', ticket)
    return this.database.transaction(
      async (tx) => {
        const content = await this.oneTime.redeem<Ticket>(tx, 'vercel-sso', ticket)
        if (!content) throw ticketExpired()
        const { user_id, organization_id, resource_id = null, from } = content
        const browser = { ...by, origin: { ...by.origin, ...from } }
        const expires_at = new Date(Date.now() + KEY_LIFETIME_MS)
        const key = await this.keys.signIn(tx.for(browser), user_id, expires_at, KIND)
        return {
          user_id,
          organization_id,
          resource_id,
          personal_api_key: key.value!,
          expires_at: expires_at.toISOString(),
        }
      },
      { user_id: read?.user_id },
    )
  }

  /** @throws {ApiError} 400 for a ticket that is used or expired, 403 when it is for another address than the caller's */
  async link(caller: Caller, ticket: string): Promise<SsoLink> {
    const read = await this.oneTime.read<Link>('vercel-sso-link', ticket)
    const installed = read && (await this.installations.find(read.installation_id))
    return this.database.transaction(async (tx) => {
      const content = await this.oneTime.redeem<Link>(tx, 'vercel-sso-link', ticket)
      const integration = content && (await this.installations.find(content.installation_id, tx))
      if (!integration) throw ticketExpired()
      const user = await this.users.byId(personOf(caller).id, tx)
      if (!user || !isSameEmail(user.email, content.email)) throw otherAccount()
      await this.people.link(tx, caller, integration, user, content.vercel_user_id)
      return { organization_id: integration.organization_id }
    }, installed)
  }

  private async exchangeCode({ code, state }: Arrival): Promise<VercelUser> {
    try {
      const { idToken } = await this.api.exchangeSsoCode(code, state)
      const claims = await this.tokens.verify(idToken, 'user')
      if (await this.oneTime.isFirst('vercel-sso-id-token', idToken, claims.exp * 1_000 - Date.now() + 60_000))
        return claims
    } catch (error) {
      if (error instanceof ApiError && error.status !== 503) throw ssoFailed()
      throw error instanceof ApiError ? error : ssoFailed()
    }
    throw ssoFailed()
  }

  private async toLogin(
    query: Arrival,
    { installation_id, user_id: vercel_user_id, user_email: email }: VercelUser,
  ): Promise<string> {
    const link: Link = { installation_id, vercel_user_id, email }
    return this.toApp(query, { link: await this.oneTime.issue('vercel-sso-link', link, LINK_LIFETIME_MS) })
  }

  private toApp({ url, path, resource_id, project_id }: Arrival, token: Record<string, string>): string {
    const target = new URL(url ?? this.settings.appUrl)
    for (const [name, value] of Object.entries({ ...token, path, resource_id, project_id }))
      if (value) target.searchParams.set(name, value)
    return target.href
  }
}
