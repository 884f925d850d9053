import { Injectable } from '@nestjs/common'
import { z } from 'zod'
import {
  type Caller,
  holdOpenOrganization,
  MembershipLevel,
  type OrganizationCaller,
  personOf,
} from '../../../access/index.js'
import { identityLinked } from '../../../identity/index.js'
import { Database } from '../../../platform/database/database.js'
import { isAmong } from '../../../platform/database/fast-path/named-query.js'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OneTimeTokens } from '../../../platform/secrets/one-time-tokens.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { alreadyLinked, foreignConfiguration, linkExpired, missingCode, ssoFailed } from './vercel.errors.js'
import type { LinkedAccount, LinkSession, LinkStart } from './vercel.dto.js'
import { INSTALLATION_ID, KIND } from './vercel-installation.js'
import { VercelSetup } from './vercel-setup.js'
import { DASHBOARD, dashboardUrl } from './vercel-urls.js'

const LIFETIME_MS = 600_000
const STARTED = 'vercel-connect-state'
const PURPOSE = 'vercel-connect'

/** What Vercel answers an OAuth code with. Source: vercel.com/docs/integrations/vercel-api-integrations */
const grant = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional(),
  installation_id: z.string().regex(INSTALLATION_ID),
  user_id: z.string(),
  team_id: z.string().nullish(),
})

/** What `state` refers to on the way to Vercel and back. */
interface Started {
  user_id: number
  next_url: string | null
}

interface Session extends Started {
  grant: z.infer<typeof grant>
}

/**
 * The OAuth flow that links an account at Vercel. Only the person who starts it can finish it: nobody can be tricked
 * into linking somebody else's account by opening a URL. The token stays sealed until they choose an
 * organization.
 */
@Injectable()
export class VercelConnect {
  constructor(
    private readonly database: Database,
    private readonly settings: VercelSetup,
    private readonly outbound: Outbound,
    private readonly oneTime: OneTimeTokens,
    private readonly installations: IntegrationInstallations,
  ) {}

  /** @returns where the caller's browser asks Vercel for access */
  async start(caller: Caller, next: string | undefined): Promise<LinkStart> {
    const started: Started = { user_id: personOf(caller).id, next_url: dashboardUrl(next) }
    const url = new URL(`${DASHBOARD}/integrations/${encodeURIComponent(this.settings.integrationSlug)}/new`)
    url.searchParams.set('state', await this.oneTime.issue(STARTED, started, LIFETIME_MS))
    return { url: url.href }
  }

  /**
   * Takes the browser that Vercel sends here. Without the state of a start its code is not used: it may belong to anybody.
   * Vercel sends such a browser when a person begins in its dashboard, and issues a new code after a start.
   * @returns where to send the browser, with a session in place of the token
   */
  async arrive({ code, state, configurationId, next }: Record<string, unknown>): Promise<string> {
    if (typeof code !== 'string' || code === '') throw missingCode()
    const started = typeof state === 'string' ? await this.take(state) : undefined
    const target = new URL(`${this.settings.appUrl}/connect/vercel/link`)
    if (started) {
      const granted = await this.exchange(code)
      // The query comes from the browser; only the grant comes from Vercel.
      if (configurationId !== undefined && configurationId !== granted.installation_id) throw foreignConfiguration()
      const session: Session = { ...started, grant: granted }
      target.searchParams.set('session', await this.oneTime.issue(PURPOSE, session, LIFETIME_MS))
    } else {
      const next_url = dashboardUrl(next)
      if (next_url) target.searchParams.set('next', next_url)
    }
    return target.href
  }

  /**
   * Lists the organizations that `complete` would accept from this caller.
   * @throws {ApiError} 400 for a session that is used, expired or somebody else's
   */
  async session(caller: Caller, session: unknown): Promise<LinkSession> {
    const content = typeof session === 'string' ? await this.oneTime.read<Session>(PURPOSE, session) : undefined
    if (content?.user_id !== personOf(caller).id) throw linkExpired()
    const { organizations: scoped, level = MembershipLevel.Owner } = caller.credential
    const reach = `select organization_id from user_organizations
      where user_id = $1 and (cardinality($4::uuid[]) = 0 or organization_id = any($4))`
    const organizations = await this.database.dataSource.query<LinkSession['organizations']>(
      `select o.id, o.name, exists (select 1 from organization_integrations i
         where i.organization_id = o.id and i.kind = $2) as already_linked
       from organizations o
       join organization_memberships m on m.organization_id = o.id and m.user_id = $1 and least(m.level, $5) >= $3
       where ${isAmong('o.id', reach)} and o.is_active and o.deletion_requested_at is null
       order by o.created_at, o.id limit 1000`,
      [personOf(caller).id, KIND, MembershipLevel.Admin, scoped, level],
    )
    return { next_url: content.next_url, organizations }
  }

  /** @throws {ApiError} 400 for a session that is used, expired or somebody else's, and for an organization that is linked already */
  async complete(caller: OrganizationCaller, session: string): Promise<LinkedAccount> {
    const { organization_id } = caller
    const user_id = personOf(caller).id
    return this.database.transaction(async (tx) => {
      const content = await this.oneTime.redeem<Session>(tx, PURPOSE, session)
      if (content?.user_id !== user_id) throw linkExpired()
      const { access_token, token_type, user_id: vercel_user_id, team_id, installation_id } = content.grant
      await this.installations.holdId(tx, KIND, installation_id)
      // If two link the same organization at once, the second sees the first.
      const { name } = await holdOpenOrganization(tx, organization_id)
      const linked = await tx.manager.query<unknown[]>(
        'select 1 from organization_integrations where organization_id = $1 and kind = $2',
        [organization_id, KIND],
      )
      if (linked.length > 0) throw alreadyLinked()
      await this.installations.install(tx, {
        organization_id,
        kind: KIND,
        integration_id: installation_id,
        config: {
          type: 'connectable',
          configuration_id: installation_id,
          vercel_user_id,
          vercel_team_id: team_id ?? null,
          user_mappings: { [vercel_user_id]: user_id },
        },
        secrets: { access_token, ...(token_type ? { token_type } : {}) },
        by: caller,
      })
      tx.publish(identityLinked(caller, user_id, { provider: KIND, organization_id }))
      return {
        status: 'linked',
        organization_id,
        organization_name: name,
        next_url: content.next_url,
      }
    }, caller)
  }

  private take(state: string): Promise<Started | undefined> {
    return this.database.transaction((tx) => this.oneTime.redeem<Started>(tx, STARTED, state))
  }

  private async exchange(code: string): Promise<z.infer<typeof grant>> {
    const { apiUrl, clientId, clientSecret, publicUrl } = this.settings
    try {
      const response = await this.outbound.fetch(`${apiUrl}/v2/oauth/access_token`, {
        method: 'POST',
        body: new URLSearchParams({
          code,
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uri: `${publicUrl}/api/vercel/connect/callback`,
        }),
      })
      return grant.parse(await response.json())
    } catch {
      throw ssoFailed()
    }
  }
}
