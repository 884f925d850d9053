import { Injectable } from '@nestjs/common'
import { Config } from '../platform/config/config.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { Outbound } from '../platform/outbound/outbound.js'
import { z } from 'zod'
import { integrationsSettings } from './integrations.settings.js'
import { billingUnavailable } from './integration.errors.js'

/** The integration that billing is asked about. */
export interface BilledIntegration {
  organization_id: string
  id: string
  kind: string
  integration_id: string | null
}

/**
 * Decides whether an integration that was bought may be disconnected. Default: it may, or what the service at
 * `BILLING_GATE_URL` answers. A plugin replaces it with a class that it lists in `decisions`. The purge asks it too, and only
 * logs what is open.
 * @example
 * ```ts
 * @Injectable()
 * export class InvoicesGate extends BillingGate {
 *   constructor(private readonly invoices: InvoicesService) { super() }
 *
 *   hasOpenInvoices({ organization_id }: BilledIntegration): Promise<boolean> {
 *     return this.invoices.areOpen(organization_id)
 *   }
 * }
 *
 * @PolityPlugin({ providers: [InvoicesService], decisions: [InvoicesGate] })
 * export class InvoicesModule {}
 * ```
 */
export abstract class BillingGate {
  /**
   * While it is true, disconnecting answers 409.
   * @throws {ApiError} such as 503 when billing cannot be asked: nothing is disconnected unasked
   */
  abstract hasOpenInvoices(integration: BilledIntegration): Promise<boolean>
}

/** Nobody is billed through an integration. */
export class NoBilling extends BillingGate {
  async hasOpenInvoices(): Promise<boolean> {
    return false
  }
}

const answer = z.object({ open_invoices: z.boolean() })

/**
 * Asks `BILLING_GATE_URL` with `POST {organization_id, id, kind, integration_id}`; it answers
 * `200 {"open_invoices": true|false}`. `BILLING_GATE_TOKEN` is sent as the bearer token.
 */
@Injectable()
export class HttpBillingGate extends BillingGate {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
    private readonly outbound: Outbound,
    private readonly logger: Logger,
  ) {
    super()
  }

  async hasOpenInvoices({ organization_id, id, kind, integration_id }: BilledIntegration): Promise<boolean> {
    try {
      const response = await this.outbound.fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        },
        body: JSON.stringify({ organization_id, id, kind, integration_id }),
      })
      if (response.status !== 200) throw new Error(`billing answered ${response.status}`)
      return answer.parse(await response.json()).open_invoices
    } catch (error) {
      this.logger.error({ err: error, integration: id }, 'billing could not be asked')
      throw billingUnavailable({}, { headers: { 'retry-after': '30' } })
    }
  }
}

export const billingGate = {
  provide: BillingGate,
  inject: [Config, Outbound, LOGGER],
  useFactory: (config: Config, outbound: Outbound, logger: Logger): BillingGate => {
    const { BILLING_GATE_URL: url, BILLING_GATE_TOKEN: token } = config.of(integrationsSettings)
    return url ? new HttpBillingGate(url, token, outbound, logger) : new NoBilling()
  },
}
