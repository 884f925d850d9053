import { Injectable } from '@nestjs/common'
import type { VercelCore } from '@vercel/sdk/core.js'
import type { CreateEventRequestBody } from '@vercel/sdk/models/createeventop.js'
import type { ImportResourceRequestBody } from '@vercel/sdk/models/importresourceop.js'
import type { SubmitPrepaymentBalancesRequestBody } from '@vercel/sdk/models/submitprepaymentbalancesop.js'
import type { UpdateInstallationRequestBody } from '@vercel/sdk/models/updateinstallationop.js'
import type { UpdateResourceSecretsByIdRequestBody } from '@vercel/sdk/models/updateresourcesecretsbyidop.js'
import type { Result } from '@vercel/sdk/types/fp.js'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OutboundError } from '../../../platform/outbound/outbound.error.js'
import { ProviderError } from '../../integration-provider.js'
import type { VercelIntegration } from './vercel-installation.js'
import { VercelSetup } from './vercel-setup.js'

/** Vercel refused a call; `status` is what it answered. */
export class VercelRefusal extends ProviderError {
  /** The installation is gone at Vercel, or its access was withdrawn. */
  readonly isFinal: boolean

  constructor(readonly status: number) {
    const isFinal = [401, 403, 404].includes(status)
    super(
      isFinal
        ? `Vercel refused the call (${status}): the installation is gone there, or its access was withdrawn. Connect it again from Vercel.`
        : `Vercel answered ${status}.`,
    )
    this.isFinal = isFinal
  }
}

/**
 * Our calls to Vercel, in the name of an installation, through Vercel's own SDK. Modules of yours inject it to report
 * balances, plans and secrets of their products. The SDK is loaded with the first call: a server without Vercel never pays
 * for it.
 * @example
 * ```ts
 * const integration = await installations.find<VercelConfig, VercelSecrets>('vercel', 'icfg_…')
 * await vercel.createEvent(integration!, { event: { type: 'installation.updated' } })
 * ```
 * Source: vercel.com/docs/integrations/create-integration/marketplace-api/reference/vercel
 */
@Injectable()
export class VercelApi {
  constructor(
    private readonly settings: VercelSetup,
    private readonly outbound: Outbound,
  ) {}

  /**
   * Makes or replaces a resource at Vercel, its secrets included.
   * @throws {VercelRefusal} as all calls here, when Vercel answers with an error
   * @throws {OutboundError} as all calls here, when Vercel does not answer
   */
  async importResource(integration: VercelIntegration, resourceId: string, requestBody: ImportResourceRequestBody) {
    const { marketplaceImportResource: call } = await import('@vercel/sdk/funcs/marketplaceImportResource.js')
    const request = { ...of(integration), resourceId, requestBody }
    return this.answer(call(await this.client(integration), request))
  }

  /** Replaces the secrets of a resource, or with `partial` those that are named. */
  async updateSecrets(
    integration: VercelIntegration,
    resourceId: string,
    requestBody: UpdateResourceSecretsByIdRequestBody,
  ) {
    const { marketplaceUpdateResourceSecretsById: call } =
      await import('@vercel/sdk/funcs/marketplaceUpdateResourceSecretsById.js')
    const request = { ...of(integration), resourceId, requestBody }
    return this.answer(call(await this.client(integration), request))
  }

  /** Changes what Vercel shows of the installation: its plan, its status, a notification. */
  async updateInstallation(integration: VercelIntegration, requestBody: UpdateInstallationRequestBody) {
    const { marketplaceUpdateInstallation: call } = await import('@vercel/sdk/funcs/marketplaceUpdateInstallation.js')
    return this.answer(call(await this.client(integration), { ...of(integration), requestBody }))
  }

  /** Reports prepaid balances; of several reports, Vercel takes the one with the latest `timestamp`. */
  async submitBalances(integration: VercelIntegration, requestBody: SubmitPrepaymentBalancesRequestBody) {
    const { marketplaceSubmitPrepaymentBalances: call } =
      await import('@vercel/sdk/funcs/marketplaceSubmitPrepaymentBalances.js')
    return this.answer(call(await this.client(integration), { ...of(integration), requestBody }))
  }

  /** Tells Vercel to fetch the installation, or a resource, again. */
  async createEvent(integration: VercelIntegration, requestBody: CreateEventRequestBody) {
    const { marketplaceCreateEvent: call } = await import('@vercel/sdk/funcs/marketplaceCreateEvent.js')
    return this.answer(call(await this.client(integration), { ...of(integration), requestBody }))
  }

  /** The account that the installation belongs to. */
  async account(integration: VercelIntegration) {
    const { marketplaceGetAccountInfo: call } = await import('@vercel/sdk/funcs/marketplaceGetAccountInfo.js')
    return this.answer(call(await this.client(integration), of(integration)))
  }

  /** Removes the installation at Vercel. */
  async deleteConfiguration(integration: VercelIntegration) {
    const { integrationsDeleteConfiguration: call } =
      await import('@vercel/sdk/funcs/integrationsDeleteConfiguration.js')
    return this.answer(call(await this.client(integration), { id: integration.integration_id! }))
  }

  /** Exchanges the code of a sign-in for an id token, once. */
  async exchangeSsoCode(code: string, state: string) {
    const { marketplaceExchangeSsoToken: call } = await import('@vercel/sdk/funcs/marketplaceExchangeSsoToken.js')
    const { clientId, clientSecret } = this.settings
    return this.answer(
      call(await this.client(), { code, state, clientId, clientSecret, grantType: 'authorization_code' }),
    )
  }

  private async client(integration?: VercelIntegration): Promise<VercelCore> {
    const [{ VercelCore }, { HTTPClient }] = await Promise.all([
      import('@vercel/sdk/core.js'),
      import('@vercel/sdk/lib/http.js'),
    ])
    const httpClient = new HTTPClient({ fetcher: this.outbound.fetch })
    const bearerToken = integration?.secrets.access_token
    return new VercelCore({ serverURL: this.settings.apiUrl, bearerToken, httpClient })
  }

  /** @throws {OutboundError} when Vercel did not answer, {@link ProviderError} when its answer cannot be used */
  private async answer<Value>(call: PromiseLike<Result<Value, Error>>): Promise<Value> {
    // The SDK returns errors, except that it throws when an answer is not JSON.
    const result = await Promise.resolve(call).catch((error: Error) => ({ ok: false as const, error }))
    if (result.ok) return result.value
    const cause = causeOf(result.error)
    if (cause instanceof OutboundError) throw cause
    const { statusCode } = result.error as { statusCode?: number }
    if (statusCode !== undefined && statusCode >= 400) throw new VercelRefusal(statusCode)
    throw new ProviderError('Vercel’s answer could not be understood.')
  }
}

const of = ({ integration_id }: VercelIntegration) => ({ integrationConfigurationId: integration_id! })

function causeOf(error: Error): Error {
  return error.cause instanceof Error ? causeOf(error.cause) : error
}
