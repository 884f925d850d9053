import { Injectable } from '@nestjs/common'
import { identityLinked, UsersService } from '../../../identity/index.js'
import { OrganizationsService } from '../../../organizations/index.js'
import { Database, type Queryable, type Transaction } from '../../../platform/database/database.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { namedQuery } from '../../../platform/database/fast-path/named-query.js'
import { cutText } from '../../../platform/values/stored-values.js'
import { BillingGate } from '../../billing-gate.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { openInvoices } from '../../integration.errors.js'
import { IntegrationsService } from '../../integrations.service.js'
import { installationLinked, installationNotFound, installationRemoved, unknownPlan } from './vercel.errors.js'
import { isLinked, KIND, type VercelConfig, type VercelIntegration, type VercelSecrets } from './vercel-installation.js'
import type { UpsertInstallation } from './vercel-payload.js'
import { type BillingPlan, VercelSetup } from './vercel-setup.js'
import type { VercelClaims } from './vercel-tokens.js'

const MAX_NAME = 64

/** Installations from Vercel's marketplace: each is an organization here, owned by the person who installed it. */
@Injectable()
export class VercelInstallations {
  constructor(
    private readonly database: Database,
    private readonly installations: IntegrationInstallations,
    private readonly integrations: IntegrationsService,
    private readonly organizations: OrganizationsService,
    private readonly users: UsersService,
    private readonly billing: BillingGate,
    private readonly settings: VercelSetup,
  ) {}

  /** Creates the user, the organization and the integration, all or none. A repeat updates what Vercel sent. */
  async upsert(id: string, payload: UpsertInstallation, claims: VercelClaims, by: Actor): Promise<void> {
    const { credentials, ...config } = payload
    const installed = await this.find(id)
    await this.database.transaction(async (tx) => {
      // Two deliveries of one installation come one after the other.
      await this.installations.holdId(tx, KIND, id)
      const existing = await this.find(id, tx)
      // The marketplace must not change an account that an organization linked itself.
      if (existing && isLinked(existing)) throw installationLinked()
      // If it is gone by the time it is locked, install it again.
      if (existing && (await this.installations.update(tx, by, existing, { config, secrets: credentials }))) return
      await this.refuseReplay(tx, id, claims)
      await this.install(tx, id, payload, claims, by)
    }, installed)
  }

  async retrieve(id: string): Promise<{ billingPlan: BillingPlan }> {
    const { config } = await this.existing(id)
    return { billingPlan: this.settings.planOf(config.billing_plan_id) }
  }

  async choosePlan(by: Actor, id: string, billing_plan_id: string): Promise<void> {
    if (this.settings.planOf(billing_plan_id).id !== billing_plan_id) throw unknownPlan({ plan: billing_plan_id })
    const integration = await this.existing(id)
    const change = { config: { billing_plan_id } }
    const changed = await this.database.transaction(
      (tx) => this.installations.update(tx, by, integration, change),
      integration,
    )
    if (!changed) throw installationNotFound()
  }

  /** Removes the integration; the organization and its projects stay. A repeat answers the same. */
  async remove(by: Actor, id: string): Promise<{ finalized: true }> {
    const integration = await this.find(id)
    if (!integration) {
      if (!(await this.wasHere(this.database, id))) throw installationNotFound()
      return { finalized: true }
    }
    const { organization_id } = integration
    if (!isLinked(integration) && (await this.billing.hasOpenInvoices({ ...integration, kind: KIND })))
      throw openInvoices()
    await this.integrations.removeLocally({ ...by, organization_id }, { ...integration, kind: KIND })
    return { finalized: true }
  }

  /** An installation from the marketplace. @throws {ApiError} 404 */
  async existing(id: string): Promise<VercelIntegration> {
    const integration = await this.find(id)
    if (!integration || isLinked(integration)) throw installationNotFound()
    return integration
  }

  find(id: string, on: Queryable = this.database): Promise<VercelIntegration | undefined> {
    return this.installations.find<VercelConfig, VercelSecrets>(KIND, id, on)
  }

  private async install(
    tx: Transaction,
    id: string,
    { credentials, ...payload }: UpsertInstallation,
    claims: VercelClaims,
    vercel: Actor,
  ): Promise<void> {
    const { email, name } = payload.account.contact
    const known = await this.users.byEmail(email, tx)
    const user = known ?? (await this.users.create(tx.for(vercel), { email, first_name: cutText(name ?? '', 150) }))
    const by = { ...vercel, user }
    const created = await this.organizations.create(
      tx.for(by),
      { name: cutText(payload.account.name || `Vercel Installation ${id}`, MAX_NAME) },
      // It has no project until Vercel asks for the first resource.
      { firstProject: null },
    )
    const { id: organization_id } = created.parse()
    // Somebody who had an account proves that it is theirs before Vercel may sign them in.
    const user_mappings = known || !claims.user_id ? {} : { [claims.user_id]: user.id }
    if (claims.user_id && !known) tx.publish(identityLinked(by, user.id, { provider: KIND, organization_id }))
    await this.installations.install(tx, {
      organization_id,
      kind: KIND,
      integration_id: id,
      config: { type: 'marketplace', ...payload, user_mappings },
      secrets: credentials,
      by,
    })
  }

  /** A token from before the removal does not bring an installation back. */
  private async refuseReplay(tx: Transaction, id: string, { iat, exp }: VercelClaims): Promise<void> {
    const [row] = await tx.manager.query<unknown[]>(
      'select 1 from integration_directory where kind = $1 and integration_id = $2 and removed_at >= to_timestamp($3)',
      [KIND, id, iat ?? exp],
    )
    if (row) throw installationRemoved()
  }

  private async wasHere(on: Queryable, id: string): Promise<boolean> {
    const text = 'select 1 from integration_directory where kind = $1 and integration_id = $2'
    return (await on.query(namedQuery('vercel.was_here', text), [KIND, id])).length > 0
  }
}
