import { Column, Entity, PrimaryColumn, Unique } from 'typeorm'

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
  /** Shown to every member, but for `credentials`, which PostHog's marketplace installs keep here. */
  @Column('jsonb', { default: {} }) config!: Record<string, unknown>
  @Column('integer', { nullable: true }) created_by_id!: number | null
  @Column('timestamptz', { default: () => 'now()' }) created_at!: Date
  @Column('timestamptz', { default: () => 'now()' }) updated_at!: Date
}
