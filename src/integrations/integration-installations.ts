import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import type { z } from 'zod'
import { holdOpenOrganization } from '../access/index.js'
import { Database, type Queryable, type Transaction } from '../platform/database/database.js'
import type { Actor } from '../platform/events/domain-event.js'
import { Keyring } from '../platform/secrets/keyring.js'
import { alreadyInstalled, invalidConfiguration } from './integration.errors.js'
import { integrationConfigured, integrationInstalled } from './integration.events.js'
import type { InstalledIntegration } from './integration-provider.js'
import { namesOf, OrganizationIntegration, sealContext } from './integration.entity.js'
import { integrationEntry, integrationRow, lockedIntegrationId } from './integrations.queries.js'
import { ProviderRegistry } from './provider-registry.js'

/** What a provider's own routes install. `type` is `connectable` for an account that was linked, `marketplace` for one that was bought. */
export interface NewInstallation {
  organization_id: string
  kind: string
  integration_id: string | null
  config: Record<string, unknown>
  secrets?: Record<string, unknown>
  /** The actor who installs it. Their user is shown as its creator. */
  by: Actor
}

/** Fields that changed; those left out stay. */
export interface InstallationChanges {
  config?: Record<string, unknown>
  secrets?: Record<string, unknown>
}

type Named = Pick<InstalledIntegration, 'organization_id' | 'id'>

/** Installs integrations and opens them again, for providers: the only writer of their configuration and secrets. */
@Injectable()
export class IntegrationInstallations {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly registry: ProviderRegistry,
  ) {}

  /**
   * Adds an integration within a transaction of the caller's and has its provider told. @returns its id
   * @throws {ApiError} 400 for a configuration that the kind does not allow, and where the id at the provider is taken;
   * 403 while the organization is being deleted or is deactivated
   */
  async install(tx: Transaction, installation: NewInstallation): Promise<string> {
    const { organization_id, kind, integration_id, by } = installation
    const provider = this.registry.find(kind)
    const id = uuidv7()
    if (provider?.exclusive && integration_id !== null) await this.holdId(tx, kind, integration_id)
    await holdOpenOrganization(tx, organization_id)
    const [row] = await tx.manager.query<{ id: string }[]>(
      `insert into organization_integrations
         (organization_id, id, kind, integration_id, config, sensitive_config, created_by_id, sync_state)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (organization_id, kind, integration_id) do nothing returning id`,
      [
        organization_id,
        id,
        kind,
        integration_id,
        JSON.stringify(this.valid(kind, 'config', installation.config)),
        this.seal({ organization_id, id }, kind, installation.secrets),
        by.user?.id ?? null,
        provider?.install ? 'pending' : null,
      ],
    )
    if (!row) throw alreadyInstalled()
    if (provider?.exclusive && integration_id !== null) await this.enterDirectory(tx, installation, id)
    const actor = { ...by, organization_id }
    tx.publish(integrationInstalled(actor, { item_id: id, payload: { kind, integration_id } }))
    return id
  }

  /**
   * Makes those that install one id of a provider wait for each other, until the transaction ends. Without it two
   * organizations that install it at the same moment would both have it. Comes before other locks.
   */
  async holdId(tx: Transaction, kind: string, integrationId: string): Promise<void> {
    await tx.query(lockedIntegrationId, [`${kind}/${integrationId}`])
  }

  /**
   * Changes what an integration holds, within a transaction of the caller's. With `tell`, its provider is told.
   * @returns whether it is still there
   * @throws {ApiError} 403 while the organization is being deleted or is deactivated
   */
  async update(
    tx: Transaction,
    by: Actor,
    integration: Named,
    changes: InstallationChanges,
    tell = false,
  ): Promise<boolean> {
    await holdOpenOrganization(tx, integration.organization_id)
    return this.note(tx, by, integration, changes, tell)
  }

  /** The same for a provider's reports, which are stored whatever state the organization is in. */
  async note(
    tx: Transaction,
    by: Actor,
    { organization_id, id }: Named,
    changes: InstallationChanges,
    tell = false,
  ): Promise<boolean> {
    const row = await tx.lock(OrganizationIntegration, { organization_id, id })
    if (!row) return false
    const config = changes.config ? this.valid(row.kind, 'config', { ...row.config, ...changes.config }) : row.config
    const sealed = changes.secrets ? this.seal(row, row.kind, changes.secrets) : row.sensitive_config
    const told = tell && this.registry.find(row.kind)?.configure !== undefined
    await tx.manager.query(
      `update organization_integrations set config = $3, sensitive_config = $4, updated_at = now(),
         revision = revision + $5, sync_state = case when $5 = 1 then 'pending' else sync_state end
       where organization_id = $1 and id = $2`,
      [row.organization_id, row.id, JSON.stringify(config), sealed, told ? 1 : 0],
    )
    const payload = { ...namesOf(row), told }
    tx.publish(integrationConfigured({ ...by, organization_id }, { item_id: id, payload }))
    return true
  }

  /** The integration that an exclusive provider knows by this id. */
  async find<Config = Record<string, unknown>, Secrets = Record<string, unknown>>(
    kind: string,
    integrationId: string,
    on: Queryable = this.database,
  ): Promise<InstalledIntegration<Config, Secrets> | undefined> {
    const row = await this.ofProvider(on, kind, integrationId)
    return row && (this.open(row) as InstalledIntegration<Config, Secrets>)
  }

  /** Its row, secrets sealed. */
  async load(organizationId: string, id: string): Promise<OrganizationIntegration | undefined> {
    return (await this.database.query(integrationRow, [organizationId, id]))[0]
  }

  /** @throws {UnopenableSecret} */
  open(row: OrganizationIntegration): InstalledIntegration {
    const { organization_id, id, integration_id, config, created_by_id, sensitive_config } = row
    const secrets = sensitive_config
      ? this.keyring.open<Record<string, unknown>>(sensitive_config, sealContext(row))
      : {}
    return { organization_id, id, integration_id, config, created_by_id, secrets }
  }

  private async ofProvider(
    on: Queryable,
    kind: string,
    integrationId: string,
  ): Promise<OrganizationIntegration | undefined> {
    const [entry] = await on.query(integrationEntry, [kind, integrationId])
    return entry && (await on.query(integrationRow, [entry.organization_id, entry.id]))[0]
  }

  /** Call it only while holding the id: see {@link holdId}. */
  private async enterDirectory(tx: Transaction, installation: NewInstallation, id: string): Promise<void> {
    const { organization_id, kind, integration_id } = installation
    if (await this.ofProvider(tx, kind, integration_id!)) throw alreadyInstalled()
    await tx.manager.query(
      `insert into integration_directory (kind, integration_id, organization_id, id) values ($1, $2, $3, $4)
       on conflict (kind, integration_id) do update
         set organization_id = excluded.organization_id, id = excluded.id, removed_at = null`,
      [kind, integration_id, organization_id, id],
    )
  }

  private valid(kind: string, part: 'config' | 'secrets', value: Record<string, unknown>): Record<string, unknown> {
    const schema = this.registry.find(kind)?.[part] as z.ZodType | undefined
    if (!schema) return value
    const parsed = schema.safeParse(value)
    if (!parsed.success) throw invalidConfiguration({ kind, field: parsed.error.issues[0]!.path.join('.') })
    const { type, environment_mapping } = value
    return { ...(part === 'config' ? defined({ type, environment_mapping }) : {}), ...(parsed.data as object) }
  }

  private seal(row: { organization_id: string; id: string }, kind: string, secrets?: Record<string, unknown>) {
    return secrets ? this.keyring.seal(this.valid(kind, 'secrets', secrets), sealContext(row)) : null
  }
}

const defined = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
