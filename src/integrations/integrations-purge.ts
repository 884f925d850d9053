import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { OrganizationsPurge } from '../organizations/index.js'
import { Database, type Transaction } from '../platform/database/database.js'
import { type StoredEvent, systemActor } from '../platform/events/domain-event.js'
import { EventListeners } from '../platform/events/event-listeners.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { Keyring } from '../platform/secrets/keyring.js'
import { type BilledIntegration, BillingGate } from './billing-gate.js'
import { integrationPurged } from './integration.events.js'
import { IntegrationInstallations } from './integration-installations.js'
import { ProviderError, sentenceOf } from './integration-provider.js'
import { isBought, namesOf, type OrganizationIntegration, partingContext } from './integration.entity.js'
import { endParting, newParting, partingOf } from './integrations.queries.js'
import { ProviderRegistry } from './provider-registry.js'

const BATCH = 100
/** After this the operator has to act: nothing of a purged organization is kept for ever, sealed or not. */
const TRIED_FOR_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1_000

const END_BY_HAND = 'end this integration at its provider by hand'

/**
 * Ends the integrations of a purged organization at their providers. The rows go with the purge; an event carries what
 * the providers' hooks need, so that a provider that is down keeps no organization and is told when it is back.
 */
@Injectable()
export class IntegrationsPurge implements OnModuleInit {
  constructor(
    private readonly database: Database,
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
    this.purge.alsoClear({ name: 'integration_directory', key: 'kind, integration_id' })
    this.listeners.on({ name: 'integrations.purge', events: [integrationPurged], days: TRIED_FOR_DAYS }, (event) =>
      this.end(event),
    )
  }

  /** Takes a batch of rows out, each with its event. */
  private async take(tx: Transaction, organizationId: string): Promise<number> {
    const [rows]: [OrganizationIntegration[]] = await tx.manager.query(
      `delete from organization_integrations where organization_id = $1 and id in (
         select id from organization_integrations where organization_id = $1 order by id limit ${BATCH})
       returning *`,
      [organizationId],
    )
    for (const row of rows) {
      await tx.query(newParting, [organizationId, row.id, this.sealed(row)])
      const payload = { ...namesOf(row), bought: isBought(row) }
      const by = { ...systemActor('purge'), organization_id: organizationId }
      tx.publish(integrationPurged(by, { item_id: row.id, payload }))
    }
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

  private async end({ organization_id, item_id, payload, created_at }: PurgedEvent): Promise<void> {
    const { kind, integration_id, bought } = payload
    const id = item_id!
    const integration = { organization_id, id, kind, integration_id }
    const [parting] = await this.database.query(partingOf, [organization_id, id])
    const sealed = parting?.sealed ?? null
    if (sealed !== null && !(await this.isConnectedAgain(integration))) {
      const goesOn = Date.now() - created_at.getTime() < TRIED_FOR_DAYS * DAY_MS
      await this.disconnect(integration, sealed).catch((error) => {
        this.logger.warn({ err: error, ...integration }, 'provider could not be told of a purge')
        if (goesOn) throw new ProviderError(`${kind}: ${sentenceOf(error)}`)
        this.logger.error(integration, END_BY_HAND)
      })
    }
    if (bought) await this.noteOpenInvoices(integration)
    await this.database.transaction((tx) => tx.query(endParting, [organization_id, id]), { organization_id })
  }

  private async disconnect(of: BilledIntegration, sealed: string): Promise<void> {
    const provider = this.registry.find(of.kind)
    // It waits for a server that knows the kind.
    if (!provider) throw new ProviderError('this server does not know the kind')
    await provider.disconnect?.(this.keyring.open(sealed, partingContext(of)))
  }

  /** Whether an organization has connected the same thing again. Then the old connection must not end the new one. */
  private async isConnectedAgain({ kind, integration_id }: BilledIntegration): Promise<boolean> {
    return integration_id !== null && (await this.installations.find(kind, integration_id)) !== undefined
  }

  /** Logs open invoices. They do not stop the purge, as the grace period is over. */
  private async noteOpenInvoices(integration: BilledIntegration): Promise<void> {
    // If billing cannot be asked, the gate logs that itself.
    const open = await this.billing.hasOpenInvoices(integration).catch(() => false)
    if (open) this.logger.warn({ ...integration }, 'a purged integration has unpaid invoices')
  }
}

type PurgedEvent = StoredEvent<ReturnType<typeof integrationPurged>['payload']>
