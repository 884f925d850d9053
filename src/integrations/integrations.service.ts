import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import type { OrganizationCaller } from '../auth/index.js'
import { Database, type Queryable, type Transaction } from '../platform/database/database.js'
import { isUuid } from '../platform/http/fields.js'
import { notFound } from '../platform/http/http.errors.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import type { EnvironmentMapping, IntegrationView } from './integration.dto.js'
import { foreignProject, notConnectable } from './integration.errors.js'
import { environmentsMapped, integrationRemoved } from './integration.events.js'
import { integrationCount, integrationPage, integrationView } from './integrations.queries.js'
import { OrganizationIntegration } from './organization-integration.entity.js'

@Injectable()
export class IntegrationsService {
  constructor(private readonly database: Database) {}

  async list(caller: OrganizationCaller, page: PageRequest): Promise<Page<IntegrationView>> {
    const [rows, [counted]] = await Promise.all([
      this.database.query(integrationPage, [caller.organization_id, page.limit, page.offset]),
      this.database.query(integrationCount, [caller.organization_id]),
    ])
    return page.answer(counted!.count, rows)
  }

  retrieve(caller: OrganizationCaller, id: string): Promise<IntegrationView> {
    return this.view(this.database, caller, id)
  }

  /** Removes the integration and the integrations of its kind in the organization's projects. */
  async remove(caller: OrganizationCaller, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { organization_id, kind, integration_id } = await this.lock(tx, caller, id)
      await tx.manager.query('delete from project_integrations where organization_id = $1 and kind = $2', [
        organization_id,
        kind,
      ])
      await tx.manager.delete(OrganizationIntegration, { organization_id, id })
      await tx.publish(integrationRemoved(caller, { id, kind, integration_id }))
    })
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
        await this.connectProject(tx, integration, project)
      const { organization_id } = integration
      const config = { ...integration.config, environment_mapping }
      await tx.manager.query(
        'update organization_integrations set config = $3, updated_at = now() where organization_id = $1 and id = $2',
        [organization_id, id, JSON.stringify(config)],
      )
      await tx.publish(environmentsMapped(caller, id, environment_mapping))
      return this.view(tx, caller, id)
    })
  }

  private async connectProject(
    tx: Transaction,
    { organization_id, kind }: OrganizationIntegration,
    projectId: number,
  ): Promise<void> {
    // Held until the end, so that the project is not deleted meanwhile.
    const own = await tx.manager.query('select 1 from projects where organization_id = $1 and id = $2 for key share', [
      organization_id,
      projectId,
    ])
    if (own.length === 0) throw foreignProject({ project_id: projectId })
    await tx.manager.query(
      `insert into project_integrations (organization_id, id, project_id, kind, integration_id, config)
       values ($1, $2, $3, $4, $5, '{"type": "connectable"}') on conflict do nothing`,
      [organization_id, uuidv7(), projectId, kind, String(projectId)],
    )
  }

  private async lock(
    tx: Transaction,
    { organization_id }: OrganizationCaller,
    id: string,
  ): Promise<OrganizationIntegration> {
    const integration = isUuid(id) ? await tx.lock(OrganizationIntegration, { organization_id, id }) : null
    if (!integration) throw notFound()
    return integration
  }

  private async view(on: Queryable, caller: OrganizationCaller, id: string): Promise<IntegrationView> {
    const [row] = isUuid(id) ? await on.query(integrationView, [caller.organization_id, id]) : []
    if (!row) throw notFound()
    return row
  }
}
