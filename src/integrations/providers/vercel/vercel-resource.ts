import { namedQuery } from '../../../platform/database/fast-path/named-query.js'
import { KIND } from './vercel-installation.js'
import type { CreateResource } from './vercel-payload.js'
import type { BillingPlan, VercelSetup } from './vercel-setup.js'

/** A resource as Vercel wants it: a project of ours, and the environment variables with which to reach it. */
export interface VercelResource {
  id: string
  productId: string
  name: string
  metadata: Record<string, unknown>
  status: 'ready'
  billingPlan: BillingPlan
  secrets: { name: string; value: string }[]
}

/** A project, and what Vercel said about it as a resource. */
export interface ResourceRow {
  project_id: number
  api_token: string
  config: Partial<CreateResource> & { type: string; idempotencyKey?: string }
}

/** $1 organization, $2 project. */
export const resourceRow = namedQuery<ResourceRow>(
  'vercel.resource',
  `select r.project_id, r.config, p.api_token from project_integrations r
   join projects p on p.organization_id = $1 and p.id = r.project_id
   where r.organization_id = $1 and r.project_id = $2::integer and r.kind = '${KIND}' and r.integration_id = $2::integer::text`,
)

export function resourceView({ project_id, api_token, config }: ResourceRow, settings: VercelSetup): VercelResource {
  const { productId = settings.product, name = '', metadata = {}, billingPlanId } = config
  const { secretPrefix, publicUrl } = settings
  return {
    id: String(project_id),
    productId,
    name,
    metadata,
    status: 'ready',
    billingPlan: settings.planOf(billingPlanId),
    secrets: [
      { name: `${secretPrefix}_PROJECT_TOKEN`, value: api_token },
      { name: `${secretPrefix}_HOST`, value: publicUrl },
    ],
  }
}
