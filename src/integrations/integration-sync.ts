import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { Gauge, Registry } from 'prom-client'
import { Database } from '../platform/database/database.js'
import type { StoredEvent } from '../platform/events/domain-event.js'
import { EventListeners } from '../platform/events/event-listeners.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { environmentsMapped, integrationConfigured, integrationInstalled } from './integration.events.js'
import { IntegrationInstallations } from './integration-installations.js'
import { ProviderError, sentenceOf } from './integration-provider.js'
import type { OrganizationIntegration, SyncState } from './integration.entity.js'
import { ProviderRegistry } from './provider-registry.js'

/** An event of an integration, which its `item_id` names. */
type Told = Pick<StoredEvent<unknown>, 'organization_id' | 'item_id'>

/**
 * Tells providers about changes through the event log, again with growing waits until they accept. Members see the state as
 * `config.sync`, and operators see counts.
 */
@Injectable()
export class IntegrationSync implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly installations: IntegrationInstallations,
    private readonly registry: ProviderRegistry,
    private readonly listeners: EventListeners,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Registry,
  ) {
    new Gauge({
      name: 'integrations_not_synced',
      help: 'Integrations whose provider has not been told yet, by kind and state.',
      labelNames: ['kind', 'state'],
      registers: [metrics],
      async collect() {
        this.reset()
        const rows = await database.dataSource.query<{ kind: string; state: string; count: number }[]>(
          `select kind, sync_state as state, count(*)::integer as count from organization_integrations
           where sync_state <> 'synced' group by 1, 2`,
        )
        for (const { kind, state, count } of rows) this.set({ kind, state }, count)
      },
    })
  }

  onModuleInit(): void {
    const days = 30
    this.listeners.on({ name: 'integrations.install', events: [integrationInstalled], days }, (event) =>
      this.tell(event, 'install'),
    )
    this.listeners.on({ name: 'integrations.map', events: [environmentsMapped], days }, (event) =>
      this.tell(event, 'configure'),
    )
    this.listeners.on({ name: 'integrations.configure', events: [integrationConfigured], days }, async (event) => {
      if (event.payload.told) await this.tell(event, 'configure')
    })
  }

  /** Tells the provider again if the integration changed in the meantime, so that the last call has the newest revision. */
  private async tell(event: Told, hook: 'install' | 'configure'): Promise<void> {
    while (!(await this.tellOnce(event, hook)));
  }

  /** @returns whether the provider was told the current state */
  private async tellOnce({ organization_id, item_id }: Told, hook: 'install' | 'configure'): Promise<boolean> {
    const row = await this.installations.load(organization_id, item_id!)
    if (!row) return true
    const provider = this.registry.find(row.kind)
    // The event waits for a server that knows the kind, as during an upgrade.
    if (!provider && row.sync_state) throw new ProviderError(`${row.kind}: this server does not know the kind`)
    if (!provider?.[hook]) return true
    try {
      await provider[hook](this.installations.open(row))
    } catch (error) {
      this.logger.warn({ err: error, kind: row.kind, integration: row.id, hook }, 'provider could not be told')
      const sentence = sentenceOf(error)
      await this.note(row, 'failing', sentence)
      throw new ProviderError(`${row.kind}: ${sentence}`)
    }
    return this.note(row, 'synced', null)
  }

  /** Ignores an older revision. @returns whether it was the newest */
  private async note(row: OrganizationIntegration, state: SyncState, error: string | null): Promise<boolean> {
    const [, noted] = await this.database.dataSource.query<[unknown[], number]>(
      `update organization_integrations set sync_state = $4, sync_error = $5, synced_at = coalesce($6, synced_at)
       where organization_id = $1 and id = $2 and revision = $3`,
      [row.organization_id, row.id, row.revision, state, error, state === 'synced' ? new Date() : null],
    )
    return noted > 0
  }
}
