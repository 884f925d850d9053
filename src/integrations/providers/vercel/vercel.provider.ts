import { Injectable } from '@nestjs/common'
import { type IntegrationHealth, IntegrationProvider } from '../../integration-provider.js'
import { VercelApi, VercelRefusal } from './vercel-api.js'
import { VercelEnvironments } from './vercel-environments.js'
import {
  KIND,
  type VercelConfig,
  vercelConfig,
  type VercelIntegration,
  type VercelSecrets,
  vercelSecrets,
} from './vercel-installation.js'

/** Vercel: installations from its marketplace, and accounts that were linked to an organization that exists. */
@Injectable()
export class VercelProvider extends IntegrationProvider<VercelConfig, VercelSecrets> {
  readonly kind = KIND
  readonly config = vercelConfig
  override readonly secrets = vercelSecrets
  readonly shown = Object.keys(vercelConfig.shape) as (keyof VercelConfig)[]
  override readonly exclusive = true

  constructor(
    private readonly api: VercelApi,
    private readonly environments: VercelEnvironments,
  ) {
    super()
  }

  override configure(integration: VercelIntegration): Promise<void> {
    return this.environments.push(integration)
  }

  override async health(integration: VercelIntegration): Promise<IntegrationHealth> {
    try {
      await this.api.account(integration)
      return { healthy: true, detail: null }
    } catch (error) {
      if (error instanceof VercelRefusal) return { healthy: false, detail: error.message }
      throw error
    }
  }

  override async disconnect(integration: VercelIntegration): Promise<void> {
    await this.api.deleteConfiguration(integration).catch((error) => {
      if (!(error instanceof VercelRefusal && error.isFinal)) throw error
    })
  }
}
