import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { holdOpenOrganization } from '../../../access/index.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { Database, type Transaction } from '../../../platform/database/database.js'
import { cutText } from '../../../platform/values/stored-values.js'
import { ProjectsService } from '../../../projects/index.js'
import { projectConfigured, projectConnected, projectDisconnected } from '../../integration.events.js'
import { OrganizationIntegration } from '../../integration.entity.js'
import {
  foreignResource,
  installationNotFound,
  invalidResourceId,
  resourceNotFound,
  unknownPlan,
  unknownProductId,
} from './vercel.errors.js'
import { KIND, type VercelIntegration } from './vercel-installation.js'
import { VercelInstallations } from './vercel-installations.service.js'
import type { CreateResource, UpdateResource } from './vercel-payload.js'
import { type ResourceRow, resourceRow, resourceView, type VercelResource } from './vercel-resource.js'
import { type BillingPlan, VercelSetup } from './vercel-setup.js'

/** The directory's kind for resources: it tells which organization a resource belongs to. */
const RESOURCE = 'vercel-resource'
const MAX_NAME = 64

/** Resources of Vercel's installations: each is a project. */
@Injectable()
export class VercelResources {
  constructor(
    private readonly database: Database,
    private readonly installations: VercelInstallations,
    private readonly projects: ProjectsService,
    private readonly settings: VercelSetup,
  ) {}

  /** Creates a project and connects it. The same `Idempotency-Key`, or the same `externalId`, gives the same resource again. */
  async create(
    by: Actor,
    installationId: string,
    resource: CreateResource,
    idempotencyKey?: string,
  ): Promise<VercelResource> {
    const { productId: product } = resource
    if (product !== this.settings.product) throw unknownProductId({ product })
    this.refuseUnknownPlan(resource)
    const integration = await this.installations.existing(installationId)
    const { organization_id } = integration
    return this.database.transaction(async (tx) => {
      await this.hold(tx, integration)
      const earlier = await this.createdBy(tx, organization_id, resource.externalId, idempotencyKey)
      if (earlier) return this.view(earlier)
      const actor = tx.for({ ...by, organization_id })
      const id = await this.projects.create(actor, { name: this.nameOf(resource.name) })
      const item_id = uuidv7()
      await tx.manager.query(
        `insert into project_integrations (organization_id, id, project_id, kind, integration_id, config)
         values ($1, $2, $3::integer, $4, $3::integer::text, $5)`,
        [organization_id, item_id, id, KIND, JSON.stringify({ type: 'resource', ...resource, idempotencyKey })],
      )
      tx.publish(projectConnected(actor, { item_id, payload: { kind: KIND, project_id: id } }))
      await tx.manager.query(
        `insert into integration_directory (kind, integration_id, organization_id, id) values ($1, $2, $3, $4)`,
        [RESOURCE, String(id), organization_id, integration.id],
      )
      return this.view(await this.row(tx, organization_id, id))
    }, integration)
  }

  async retrieve(installationId: string, resourceId: string): Promise<VercelResource> {
    const { organization_id, id } = await this.locate(installationId, resourceId)
    return this.view(await this.row(this.database, organization_id, id))
  }

  async update(
    by: Actor,
    installationId: string,
    resourceId: string,
    changes: UpdateResource,
  ): Promise<VercelResource> {
    this.refuseUnknownPlan(changes)
    const { organization_id, id, integration } = await this.locate(installationId, resourceId)
    return this.database.transaction(async (tx) => {
      await this.hold(tx, integration)
      const { config } = await this.row(tx, organization_id, id)
      const [[changed]] = await tx.manager.query<[{ id: string }[], number]>(
        `update project_integrations set config = $4, updated_at = now()
         where organization_id = $1 and project_id = $2::integer and kind = $3 and integration_id = $2::integer::text
         returning id`,
        [organization_id, id, KIND, JSON.stringify({ ...config, ...changes })],
      )
      const payload = { kind: KIND, project_id: id }
      if (changed) tx.publish(projectConfigured({ ...by, organization_id }, { item_id: changed.id, payload }))
      if (changes.name !== undefined)
        await this.projects.rename(tx.for({ ...by, organization_id }), id, this.nameOf(changes.name))
      return this.view(await this.row(tx, organization_id, id))
    }, integration)
  }

  /** Disconnects the project, which stays with its data. A repeat changes nothing. */
  async remove(by: Actor, installationId: string, resourceId: string): Promise<void> {
    const { organization_id, id } = await this.locate(installationId, resourceId)
    await this.database.transaction(
      async (tx) => {
        const [removed]: [{ id: string }[]] = await tx.manager.query(
          'delete from project_integrations where organization_id = $1 and project_id = $2 and kind = $3 returning id',
          [organization_id, id, KIND],
        )
        const payload = { kind: KIND, project_id: id }
        for (const row of removed)
          tx.publish(projectDisconnected({ ...by, organization_id }, { item_id: row.id, payload }))
      },
      { organization_id },
    )
  }

  /** Gives the project a new token; the old one stops working. Vercel takes the new secrets from the answer. */
  async rotateSecrets(
    by: Actor,
    installationId: string,
    resourceId: string,
  ): Promise<{ sync: true; secrets: VercelResource['secrets'] }> {
    const { organization_id, id, integration } = await this.locate(installationId, resourceId)
    return this.database.transaction(async (tx) => {
      await this.hold(tx, integration)
      await this.row(tx, organization_id, id)
      await this.projects.rotateToken(tx.for({ ...by, organization_id }), id)
      return { sync: true, secrets: this.view(await this.row(tx, organization_id, id)).secrets }
    }, integration)
  }

  /** The plans that the resource can have. */
  async plans(installationId: string, resourceId: string): Promise<{ plans: readonly BillingPlan[] }> {
    await this.retrieve(installationId, resourceId)
    return { plans: this.settings.plans }
  }

  private async locate(installationId: string, resourceId: string) {
    const integration = await this.installations.existing(installationId)
    if (!/^[1-9]\d{0,9}$/.test(resourceId) || Number(resourceId) > 2_147_483_647) throw invalidResourceId()
    const [owner] = await this.database.dataSource.query<{ organization_id: string }[]>(
      'select organization_id from integration_directory where kind = $1 and integration_id = $2',
      [RESOURCE, resourceId],
    )
    if (!owner) throw resourceNotFound()
    if (owner.organization_id !== integration.organization_id) throw foreignResource()
    return { organization_id: integration.organization_id, id: Number(resourceId), integration }
  }

  /** Two deliveries of one request come one after the other. */
  private async hold(tx: Transaction, { organization_id, id }: VercelIntegration): Promise<void> {
    await holdOpenOrganization(tx, organization_id)
    if (!(await tx.lock(OrganizationIntegration, { organization_id, id }))) throw installationNotFound()
  }

  private async createdBy(
    tx: Transaction,
    organizationId: string,
    externalId: string | null | undefined,
    idempotencyKey: string | undefined,
  ): Promise<ResourceRow | undefined> {
    const [found] = await tx.manager.query<{ project_id: number }[]>(
      `select project_id from project_integrations where organization_id = $1 and kind = $2
         and (config->>'externalId' = $3 or config->>'idempotencyKey' = $4) limit 1`,
      [organizationId, KIND, externalId || null, idempotencyKey || null],
    )
    return found && this.row(tx, organizationId, found.project_id)
  }

  private async row(on: Pick<Transaction, 'query'>, organizationId: string, id: number): Promise<ResourceRow> {
    const [row] = await on.query(resourceRow, [organizationId, id])
    if (!row) throw resourceNotFound()
    return row
  }

  private view(row: ResourceRow): VercelResource {
    return resourceView(row, this.settings)
  }

  private refuseUnknownPlan({ billingPlanId }: { billingPlanId?: string }): void {
    if (billingPlanId !== undefined && this.settings.planOf(billingPlanId).id !== billingPlanId)
      throw unknownPlan({ plan: billingPlanId })
  }

  /** Makes a valid name for the project from the resource's name. */
  private nameOf(name: string): string {
    return cutText(name, MAX_NAME) || this.settings.product
  }
}
