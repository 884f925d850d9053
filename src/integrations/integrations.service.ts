import { Inject, Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { holdOpenOrganization, type OrganizationCaller } from '../access/index.js'
import { Database, type Queryable, type Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { isUuid } from '../platform/values/stored-values.js'
import { notFound } from '../platform/http/http.errors.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import { BillingGate } from './billing-gate.js'
import type { EnvironmentMapping, IntegrationHealthView, IntegrationView } from './integration.dto.js'
import { IntegrationInstallations } from './integration-installations.js'
import { sentenceOf } from './integration-provider.js'
import { foreignProject, notConnectable, openInvoices } from './integration.errors.js'
import { environmentsMapped, integrationRemoved, projectConnected } from './integration.events.js'
import { integrationPage, integrationView } from './integrations.queries.js'
import { isBought, namesOf, OrganizationIntegration } from './integration.entity.js'
import { ProviderRegistry } from './provider-registry.js'

@Injectable()
export class IntegrationsService {
  constructor(
    private readonly database: Database,
    private readonly registry: ProviderRegistry,
    private readonly installations: IntegrationInstallations,
    private readonly billing: BillingGate,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async list(caller: OrganizationCaller, page: PageRequest): Promise<Page<IntegrationView>> {
    const rows = await this.database.query(integrationPage, [caller.organization_id, page.limit, page.offset])
    const found = rows.flatMap(({ count: _count, ...row }) => (row.id === null ? [] : this.withoutHidden(row)))
    return page.answer(rows[0]!.count, found)
  }

  retrieve(caller: OrganizationCaller, id: string): Promise<IntegrationView> {
    return this.view(this.database, caller, id)
  }

  /** Asks the provider whether the integration works. */
  async health(caller: OrganizationCaller, id: string): Promise<IntegrationHealthView> {
    const row = await this.load(caller, id)
    const provider = this.registry.find(row.kind)
    if (!provider?.health) return { healthy: null, detail: 'This kind of integration cannot be checked.' }
    try {
      return await provider.health(this.installations.open(row))
    } catch (error) {
      this.logger.warn({ err: error, kind: row.kind, integration: row.id }, 'integration could not be checked')
      return { healthy: false, detail: sentenceOf(error) }
    }
  }

  /**
   * Ends the integration at its provider, then here, with the integrations of its kind in the organization's projects.
   * @throws {ApiError} 409 while invoices are unpaid, 503 while billing cannot be asked; nothing is changed then
   */
  async remove(caller: OrganizationCaller, id: string): Promise<void> {
    const row = await this.load(caller, id)
    if (isBought(row) && (await this.billing.hasOpenInvoices(row))) throw openInvoices()
    // Check the organization's state before the provider is told: from then on the integration is removed in any state.
    await this.database.transaction((tx) => this.lock(tx, caller, id))
    await this.disconnect(row)
    await this.removeLocally(caller, row)
  }

  /** The same without telling the provider, which asked for it. */
  async removeLocally(
    by: OrganizationActor,
    { id, kind }: Pick<OrganizationIntegration, 'id' | 'kind'>,
  ): Promise<void> {
    const { organization_id } = by
    await this.database.transaction(async (tx) => {
      const row = await tx.lock(OrganizationIntegration, { organization_id, id })
      if (!row) return
      await tx.manager.query('delete from project_integrations where organization_id = $1 and kind = $2', [
        organization_id,
        kind,
      ])
      await tx.manager.delete(OrganizationIntegration, { organization_id, id })
      await tx.manager.query(
        'update integration_directory set removed_at = now() where kind = $1 and integration_id = $2 and id = $3',
        [kind, row.integration_id, id],
      )
      tx.publish(integrationRemoved(by, { item_id: id, payload: namesOf(row) }))
    }, by)
  }

  /** Says which project serves production, and which preview and development where they are other ones. */
  async mapEnvironments(
    caller: OrganizationCaller,
    id: string,
    body: () => Promise<EnvironmentMapping>,
  ): Promise<IntegrationView> {
    return this.database.transaction(async (tx) => {
      const integration = await this.lock(tx, caller, id)
      if (integration.config.type !== 'connectable') throw notConnectable()
      const { production, preview = production, development = production } = await body()
      const environment_mapping = { production, preview, development }
      for (const project of new Set(Object.values(environment_mapping)))
        await this.connectProject(tx, caller, integration, project)
      const { organization_id } = integration
      const config = { ...integration.config, environment_mapping }
      const told = this.registry.find(integration.kind)?.configure !== undefined
      await tx.manager.query(
        `update organization_integrations set config = $3, updated_at = now(), revision = revision + $4,
           sync_state = case when $4 = 1 then 'pending' else sync_state end
         where organization_id = $1 and id = $2`,
        [organization_id, id, JSON.stringify(config), told ? 1 : 0],
      )
      tx.publish(environmentsMapped(caller, { item_id: id, payload: { environment_mapping } }))
      return this.view(tx, caller, id)
    }, caller)
  }

  private async connectProject(
    tx: Transaction,
    by: OrganizationActor,
    { organization_id, kind }: OrganizationIntegration,
    projectId: number,
  ): Promise<void> {
    // Held until the end, so that the project is not deleted meanwhile.
    const own = await tx.manager.query<unknown[]>(
      'select 1 from projects where organization_id = $1 and id = $2 for key share',
      [organization_id, projectId],
    )
    if (own.length === 0) throw foreignProject({ project_id: projectId })
    const [connected] = await tx.manager.query<{ id: string }[]>(
      `insert into project_integrations (organization_id, id, project_id, kind, integration_id, config)
       values ($1, $2, $3, $4, $5, '{"type": "connectable"}') on conflict do nothing returning id`,
      [organization_id, uuidv7(), projectId, kind, String(projectId)],
    )
    if (connected) tx.publish(projectConnected(by, { item_id: connected.id, payload: { kind, project_id: projectId } }))
  }

  private async disconnect(row: OrganizationIntegration): Promise<void> {
    try {
      await this.registry.find(row.kind)?.disconnect?.(this.installations.open(row))
    } catch (error) {
      this.logger.error({ err: error, kind: row.kind, integration: row.id }, 'provider could not be told of a removal')
    }
  }

  private async load({ organization_id }: OrganizationCaller, id: string): Promise<OrganizationIntegration> {
    const row = isUuid(id) ? await this.installations.load(organization_id, id) : undefined
    if (!row) throw notFound()
    return row
  }

  private async lock(
    tx: Transaction,
    { organization_id }: OrganizationCaller,
    id: string,
  ): Promise<OrganizationIntegration> {
    await holdOpenOrganization(tx, organization_id)
    const integration = isUuid(id) ? await tx.lock(OrganizationIntegration, { organization_id, id }) : null
    if (!integration) throw notFound()
    return integration
  }

  private async view(on: Queryable, caller: OrganizationCaller, id: string): Promise<IntegrationView> {
    const [row] = isUuid(id) ? await on.query(integrationView, [caller.organization_id, id]) : []
    if (!row) throw notFound()
    return this.withoutHidden(row)
  }

  private withoutHidden(view: IntegrationView): IntegrationView {
    return { ...view, config: this.registry.shown(view.kind, view.config) }
  }
}
