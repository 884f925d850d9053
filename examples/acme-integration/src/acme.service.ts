import { Injectable } from '@nestjs/common'
import {
  Database,
  IntegrationInstallations,
  IntegrationsService,
  type IntegrationView,
  type OrganizationCaller,
} from 'polity'
import { AcmeApi, AcmeRefusal } from './acme-api.js'
import type { ConnectAcme } from './acme.dto.js'
import { acmeUnavailable, tokenRefused, workspaceTaken } from './acme.errors.js'
import { KIND } from './acme-workspace.js'

@Injectable()
export class AcmeService {
  constructor(
    private readonly database: Database,
    private readonly installations: IntegrationInstallations,
    private readonly integrations: IntegrationsService,
    private readonly acme: AcmeApi,
  ) {}

  /**
   * Connects a workspace to the caller's organization.
   * @throws {ApiError} 400 when Acme refuses the token or another organization has the workspace, 503 when Acme is away
   */
  async connect(
    caller: OrganizationCaller,
    { workspace, token }: ConnectAcme,
  ): Promise<{ isNew: boolean; integration: IntegrationView }> {
    await this.prove(workspace, token)
    const { isNew, id } = await this.database.transaction(async (tx) => {
      const existing = await this.installations.find(KIND, workspace, tx)
      if (existing && existing.organization_id !== caller.organization_id) throw workspaceTaken({ workspace })
      if (existing) {
        await this.installations.update(tx, caller, existing, { secrets: { token } }, true)
        return { isNew: false, id: existing.id }
      }
      const id = await this.installations.install(tx, {
        organization_id: caller.organization_id,
        kind: KIND,
        integration_id: workspace,
        config: { workspace, type: 'connectable' },
        secrets: { token },
        by: caller,
      })
      return { isNew: true, id }
    })
    return { isNew, integration: await this.integrations.retrieve(caller, id) }
  }

  /** Whoever has a token of the workspace may connect it; nobody else can take it first. */
  private async prove(workspace: string, token: string): Promise<void> {
    try {
      await this.acme.workspace(workspace, token)
    } catch (error) {
      if (error instanceof AcmeRefusal) throw tokenRefused({ workspace })
      throw acmeUnavailable({}, { headers: { 'retry-after': '30' } })
    }
  }
}
