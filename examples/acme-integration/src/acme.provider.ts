import { Injectable } from '@nestjs/common'
import { type IntegrationHealth, IntegrationProvider } from 'polity'
import { AcmeApi } from './acme-api.js'
import {
  acmeConfig,
  type AcmeConfig,
  type AcmeIntegration,
  acmeSecrets,
  type AcmeSecrets,
  KIND,
} from './acme-workspace.js'

/** Acme: a workspace there gets the projects that its environments are mapped to. */
@Injectable()
export class AcmeProvider extends IntegrationProvider<AcmeConfig, AcmeSecrets> {
  readonly kind = KIND
  readonly config = acmeConfig
  readonly shown = ['workspace'] as const
  override readonly secrets = acmeSecrets
  override readonly exclusive = true

  constructor(private readonly acme: AcmeApi) {
    super()
  }

  override install(integration: AcmeIntegration): Promise<void> {
    return this.tell(integration)
  }

  override configure(integration: AcmeIntegration): Promise<void> {
    return this.tell(integration)
  }

  /** What it throws becomes the answer's `detail`. */
  override async health({ config, secrets }: AcmeIntegration): Promise<IntegrationHealth> {
    const { status } = await this.acme.workspace(config.workspace, secrets.token)
    if (status === 'active') return { healthy: true, detail: null }
    return { healthy: false, detail: 'Acme has suspended the workspace: see its billing page there.' }
  }

  override async disconnect({ config, secrets }: AcmeIntegration): Promise<void> {
    await this.acme.deleteConnection(config.workspace, secrets.token)
  }

  /** Says everything each time, so that it may be said again. */
  private async tell({ id, organization_id, config, secrets }: AcmeIntegration): Promise<void> {
    await this.acme.putConnection(config.workspace, secrets.token, {
      id,
      organization_id,
      environments: config.environment_mapping ?? null,
    })
  }
}
