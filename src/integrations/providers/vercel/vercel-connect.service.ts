import { Injectable } from '@nestjs/common'
import { z } from 'zod'
import { type Caller, MembershipLevel, type OrganizationCaller } from '../../../auth/index.js'
import { Database } from '../../../platform/database/database.js'
import { notFound } from '../../../platform/http/http.errors.js'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OneTimeTokens } from '../../../platform/secrets/one-time-tokens.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { alreadyLinked, linkExpired, missingCode, ssoFailed } from './vercel.errors.js'
import { KIND } from './vercel-installation.js'
import { VercelSettings } from './vercel-settings.js'

const SESSION_LIFETIME_MS = 600_000
const PURPOSE = 'vercel-connect'

/** What Vercel answers an OAuth code with. Source: vercel.com/docs/integrations/vercel-api-integrations */
const grant = z.object({
  access_token: z.string().min(1),
  token_type: z.string().optional(),
  installation_id: z.string().min(1).optional(),
  user_id: z.string(),
  team_id: z.string().nullish(),
})

interface Session {
  grant: z.infer<typeof grant>
  configuration_id: string
  next_url: string | null
}

/** The organizations to choose from: those that the caller administers. */
export interface LinkSession {
  next_url: string | null
  organizations: { id: string; name: string; already_linked: boolean }[]
}

export interface LinkedAccount {
  status: 'linked'
  organization_id: string
  organization_name: string
  next_url: string | null
}

/** The OAuth flow that links an account at Vercel; the token waits sealed until an admin says to which organization. */
@Injectable()
export class VercelConnect {
  constructor(
    private readonly database: Database,
    private readonly settings: VercelSettings,
    private readonly outbound: Outbound,
    private readonly oneTime: OneTimeTokens,
    private readonly installations: IntegrationInstallations,
  ) {}

  /** Exchanges the code. @returns where to send the browser, with a session in place of the token */
  async begin({ code, configurationId, next }: Record<string, unknown>): Promise<string> {
    if (!this.settings.enabled) throw notFound()
    if (typeof code !== 'string' || code === '') throw missingCode()
    const granted = await this.exchange(code)
    const content: Session = {
      grant: granted,
      configuration_id: typeof configurationId === 'string' ? configurationId : (granted.installation_id ?? ''),
      next_url: typeof next === 'string' && isVercels(next) ? next : null,
    }
    if (content.configuration_id === '') throw missingCode()
    const target = new URL(`${this.settings.appUrl}/connect/vercel/link`)
    target.searchParams.set('session', await this.oneTime.issue(PURPOSE, content, SESSION_LIFETIME_MS))
    return target.href
  }

  /** @throws {ApiError} 400 for a session that is used or expired */
  async session(caller: Caller, session: unknown): Promise<LinkSession> {
    const content = typeof session === 'string' ? await this.oneTime.read<Session>(PURPOSE, session) : undefined
    if (!content) throw linkExpired()
    const organizations = await this.database.dataSource.query(
      `select o.id, o.name, exists (select 1 from organization_integrations i
         where i.organization_id = o.id and i.kind = $2) as already_linked
       from user_organizations d
       join organizations o on o.id = d.organization_id and o.is_active and o.deletion_requested_at is null
       join organization_memberships m on m.organization_id = o.id and m.user_id = d.user_id and m.level >= $3
       where d.user_id = $1 and (cardinality($4::uuid[]) = 0 or o.id = any($4::uuid[]))
       order by d.organization_created_at, o.id limit 1000`,
      [caller.user_id, KIND, MembershipLevel.Admin, caller.key.scoped_organizations],
    )
    return { next_url: content.next_url, organizations }
  }

  /** @throws {ApiError} 400 for a session that is used or expired, and for an organization that is linked already */
  async complete(caller: OrganizationCaller, session: string): Promise<LinkedAccount> {
    const { organization_id, user_id, request_id } = caller
    return this.database.transaction(async (tx) => {
      const content = await this.oneTime.redeem<Session>(tx, PURPOSE, session)
      if (!content) throw linkExpired()
      // Of two that link the same organization, the second sees the first.
      const [organization] = await tx.manager.query('select name from organizations where id = $1 for update', [
        organization_id,
      ])
      const linked = await tx.manager.query(
        'select 1 from organization_integrations where organization_id = $1 and kind = $2',
        [organization_id, KIND],
      )
      if (linked.length > 0) throw alreadyLinked()
      const { access_token, token_type, user_id: vercel_user_id, team_id } = content.grant
      await this.installations.install(tx, {
        organization_id,
        kind: KIND,
        integration_id: content.configuration_id,
        config: {
          type: 'connectable',
          configuration_id: content.configuration_id,
          vercel_user_id,
          vercel_team_id: team_id ?? null,
          user_mappings: { [vercel_user_id]: user_id },
        },
        secrets: { access_token, ...(token_type ? { token_type } : {}) },
        created_by_id: user_id,
        request_id,
      })
      return {
        status: 'linked',
        organization_id,
        organization_name: organization.name,
        next_url: content.next_url,
      }
    })
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

const isVercels = (url: string): boolean =>
  URL.canParse(url) && /^https:\/\/(www\.)?vercel\.com(:443)?$/.test(new URL(url).origin)
