import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { OrganizationsPurge } from '../organizations/index.js'
import type { Transaction } from '../platform/database/database.js'
import { type EventListener, EventListeners } from '../platform/events/event-listeners.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { Keyring } from '../platform/secrets/keyring.js'
import { type BilledIntegration, BillingGate } from './billing-gate.js'
import { integrationPurged } from './integration.events.js'
import { IntegrationInstallations } from './integration-installations.js'
import { ProviderError, sentenceOf } from './integration-provider.js'
import { isBought, type OrganizationIntegration, partingContext } from './organization-integration.entity.js'
import { ProviderRegistry } from './provider-registry.js'

const BATCH = 100
const DAY_MS = 24 * 60 * 60 * 1_000
/** Then it is the operator's: sealed or not, nothing of a purged organization is kept for ever. */
const TRIED_FOR_MS = 30 * DAY_MS
const END_BY_HAND = 'end this integration at its provider by hand'

/**
 * Ends the integrations of a purged organization at their providers. The rows go with the purge; an event carries what
 * the providers' hooks need, so that a provider that is down keeps no organization and is told when it is back.
 */
@Injectable()
export class IntegrationsPurge implements OnModuleInit {
  constructor(
    private readonly purge: OrganizationsPurge,
    private readonly listeners: EventListeners,
    private readonly installations: IntegrationInstallations,
    private readonly registry: ProviderRegistry,
    private readonly keyring: Keyring,
    private readonly billing: BillingGate,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.purge.before((tx, organizationId) => this.take(tx, organizationId))
    this.listeners.on('organization_integration.purged', 'integrations.purge', (event) => this.end(event))
  }

  /** Takes a batch of rows out, each with its event. */
  private async take(tx: Transaction, organizationId: string): Promise<number> {
    const [rows]: [OrganizationIntegration[]] = await tx.manager.query(
      `delete from organization_integrations where organization_id = $1 and id in (
         select id from organization_integrations where organization_id = $1 order by id limit ${BATCH})
       returning *`,
      [organizationId],
    )
    for (const row of rows)
      await tx.publish(integrationPurged(row, { bought: isBought(row), sealed: this.sealed(row) }))
    return rows.length
  }

  private sealed(row: OrganizationIntegration): string | null {
    try {
      return this.keyring.seal(this.installations.open(row), partingContext(row))
    } catch (error) {
      const { organization_id, kind, integration_id } = row
      this.logger.error({ err: error, organization_id, kind, integration_id }, END_BY_HAND)
      return null
    }
  }

  private end: EventListener = async ({ organization_id, payload, created_at }) => {
    const { id, kind, integration_id, bought, sealed } = payload as unknown as Parting
    const integration = { organization_id, id, kind, integration_id }
    if (sealed !== null && !(await this.isConnectedAgain(integration))) {
      const goesOn = Date.now() - created_at.getTime() < TRIED_FOR_MS
      await this.disconnect(integration, sealed).catch((error) => {
        this.logger.warn({ err: error, ...integration }, 'provider could not be told of a purge')
        if (goesOn) throw new ProviderError(`${kind}: ${sentenceOf(error)}`)
        this.logger.error(integration, END_BY_HAND)
      })
    }
    if (bought) await this.noteOpenInvoices(integration)
  }

  private async disconnect(of: BilledIntegration, sealed: string): Promise<void> {
    const provider = this.registry.find(of.kind)
    // It waits for a server that knows the kind.
    if (!provider) throw new ProviderError('this server does not know the kind')
    await provider.disconnect?.(this.keyring.open(sealed, partingContext(of)))
  }

  /** Whoever connected the same thing meanwhile does not lose it to what was before. */
  private async isConnectedAgain({ kind, integration_id }: BilledIntegration): Promise<boolean> {
    return integration_id !== null && (await this.installations.find(kind, integration_id)) !== undefined
  }

  /** Invoices outlive the organization, and keep nothing that its owner deleted a grace period ago. */
  private async noteOpenInvoices(integration: BilledIntegration): Promise<void> {
    // Of billing that cannot be asked the gate says so in the log.
    const open = await this.billing.hasOpenInvoices(integration).catch(() => false)
    if (open) this.logger.warn({ ...integration }, 'a purged integration has unpaid invoices')
  }
}

/** The payload of {@link integrationPurged}. */
interface Parting {
  id: string
  kind: string
  integration_id: string | null
  bought: boolean
  sealed: string | null
}
