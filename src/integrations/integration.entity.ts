import { Column, Entity, PrimaryColumn, Unique } from 'typeorm'

/** Whether the provider knows the current state. */
export type SyncState = 'pending' | 'synced' | 'failing'

/** What the seal of an integration's secrets is bound to. */
export const sealContext = ({ organization_id, id }: { organization_id: string; id: string }): string =>
  `organization_integrations/${organization_id}/${id}`

/** The context of the seal while an integration waits to be ended at its provider. The name is that of an older table. */
export const partingContext = ({ organization_id, id }: { organization_id: string; id: string }): string =>
  `outbox/${organization_id}/${id}`

/** A connection to a provider that belongs to a whole organization. */
@Entity('organization_integrations')
@Unique(['organization_id', 'kind', 'integration_id'])
export class OrganizationIntegration {
  @PrimaryColumn('uuid') organization_id!: string
  /** UUIDv7: sorts by creation time. */
  @PrimaryColumn('uuid') id!: string
  /** `vercel`, `aws-marketplace`, or a kind of a third party. */
  @Column('varchar') kind!: string
  /** The id at the provider. */
  @Column('text', { nullable: true }) integration_id!: string | null
  /** Its provider says which fields members may see. */
  @Column('jsonb', { default: {} }) config!: Record<string, unknown>
  /** Sealed, and bound to this row: see {@link sealContext}. */
  @Column('text', { nullable: true }) sensitive_config!: string | null
  /** Counts the changes that the provider must know, so that a late success of an earlier call does not hide a later change. */
  @Column('integer', { default: 0 }) revision!: number
  /** Null where there is nothing to tell. */
  @Column('varchar', { nullable: true }) sync_state!: SyncState | null
  @Column('text', { nullable: true }) sync_error!: string | null
  @Column('timestamptz', { nullable: true }) synced_at!: Date | null
  @Column('integer', { nullable: true }) created_by_id!: number | null
  @Column('timestamptz', { default: () => 'now()' }) created_at!: Date
  @Column('timestamptz', { default: () => 'now()' }) updated_at!: Date
}

/** The fields of an integration that events contain. A row has others too, which an event must not contain. */
export const namesOf = ({ kind, integration_id }: Pick<OrganizationIntegration, 'kind' | 'integration_id'>) => ({
  kind,
  integration_id,
})

/** Whether it was bought in a marketplace; another is an account that was linked. */
export const isBought = ({ config, integration_id }: OrganizationIntegration): boolean =>
  config.type !== 'connectable' && integration_id !== null
