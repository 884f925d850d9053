import { Injectable } from '@nestjs/common'
import type { Config } from '../../../platform/config/config.js'
import { type IntegrationHealth, IntegrationProvider } from '../../integration-provider.js'
import { VercelApi, VercelRefusal } from './vercel-api.js'
import { VercelConnectController } from './vercel-connect.controller.js'
import { VercelConnect } from './vercel-connect.service.js'
import { VercelErrorBodies } from './vercel-error-bodies.js'
import { VercelEnvironments } from './vercel-environments.js'
import {
  KIND,
  type VercelConfig,
  vercelConfig,
  type VercelIntegration,
  type VercelSecrets,
  vercelSecrets,
} from './vercel-installation.js'
import { VercelInstallationsController } from './vercel-installations.controller.js'
import { VercelInstallations } from './vercel-installations.service.js'
import { VercelPeople } from './vercel-people.js'
import { VercelResourcesController } from './vercel-resources.controller.js'
import { VercelResources } from './vercel-resources.service.js'
import { VercelSettings } from './vercel-settings.js'
import { VercelSsoController } from './vercel-sso.controller.js'
import { VercelSso } from './vercel-sso.service.js'
import { VercelTokenGuard } from './vercel-token.guard.js'
import { VercelTokens } from './vercel-tokens.js'

/** Vercel: installations from its marketplace, and accounts that were linked to an organization that exists. */
@Injectable()
export class VercelProvider extends IntegrationProvider<VercelConfig, VercelSecrets> {
  static override readonly isConfigured = (config: Config) => config.get('VERCEL_CLIENT_ID') !== undefined
  static override readonly controllers = [
    VercelInstallationsController,
    VercelResourcesController,
    VercelSsoController,
    VercelConnectController,
  ]
  static override readonly services = [
    VercelSettings,
    VercelErrorBodies,
    VercelTokens,
    VercelTokenGuard,
    VercelApi,
    VercelEnvironments,
    VercelInstallations,
    VercelResources,
    VercelPeople,
    VercelSso,
    VercelConnect,
  ]
  static override readonly exports = [VercelApi]
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
