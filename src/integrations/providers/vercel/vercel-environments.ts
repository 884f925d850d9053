import { Injectable } from '@nestjs/common'
import type { ImportResourceSecrets } from '@vercel/sdk/models/importresourceop.js'
import { Database } from '../../../platform/database/database.js'
import { namedQuery } from '../../../platform/database/fast-path/named-query.js'
import { VercelApi } from './vercel-api.js'
import { KIND, type VercelIntegration } from './vercel-installation.js'
import { VercelSetup } from './vercel-setup.js'

interface MappedProject {
  id: number
  name: string
  api_token: string
  connection_id: string
}

/** $1 organization, $2 projects. */
const mappedProjects = namedQuery<MappedProject>(
  'vercel.mapped_projects',
  `select p.id, p.name, p.api_token, c.id as connection_id from projects p
   join project_integrations c on c.organization_id = $1 and c.project_id = p.id
     and c.kind = '${KIND}' and c.integration_id = p.id::text
   where p.organization_id = $1 and p.id = any($2)`,
)

/** Puts the projects that a linked account's environments are mapped to into one resource at Vercel. */
@Injectable()
export class VercelEnvironments {
  constructor(
    private readonly database: Database,
    private readonly api: VercelApi,
    private readonly settings: VercelSetup,
  ) {}

  /** Tells Vercel the current mapping. Does nothing without a mapping or without access to Vercel. */
  async push(integration: VercelIntegration): Promise<void> {
    const { environment_mapping: mapping, type } = integration.config
    if (type !== 'connectable' || !mapping || !integration.secrets.access_token) return
    const rows = await this.database.query(mappedProjects, [integration.organization_id, Object.values(mapping)])
    const project = (id: number) => rows.find((row) => row.id === id)
    const production = project(mapping.production)
    if (!production) return
    const tokens = {
      preview: project(mapping.preview)?.api_token,
      development: project(mapping.development)?.api_token,
    }
    await this.api.importResource(integration, production.connection_id, {
      productId: this.settings.product,
      name: production.name,
      status: 'ready',
      secrets: this.secrets(production.api_token, tokens),
    })
  }

  /** Only what differs from production is overridden. */
  private secrets(production: string, others: { preview?: string; development?: string }): ImportResourceSecrets[] {
    const environmentOverrides = Object.fromEntries(
      Object.entries(others).filter(([, token]) => token !== undefined && token !== production),
    )
    const { secretPrefix, publicUrl } = this.settings
    return [
      {
        name: `${secretPrefix}_PROJECT_TOKEN`,
        value: production,
        ...(Object.keys(environmentOverrides).length > 0 ? { environmentOverrides } : {}),
      },
      { name: `${secretPrefix}_HOST`, value: publicUrl },
    ]
  }
}
