import { Column, Entity, PrimaryColumn } from 'typeorm'

@Entity('organizations')
export class Organization {
  /** UUIDv7, made by us: sorts by creation time. */
  @PrimaryColumn('uuid') id!: string
  @Column('varchar') name!: string
  /** Made from the first name and never again. Unique by `organization_slugs`, which holds it until the purge. */
  @Column('varchar') slug!: string
  @Column('uuid', { nullable: true }) logo_media_id!: string | null
  @Column('boolean', { default: true }) is_member_join_email_enabled!: boolean
  @Column('varchar', { nullable: true }) customer_id!: string | null
  @Column('boolean', { nullable: true }) enforce_2fa!: boolean | null
  @Column('boolean', { nullable: true, default: true }) members_can_invite!: boolean | null
  @Column('boolean', { nullable: true, default: false }) members_can_create_projects!: boolean | null
  @Column('boolean', { default: true }) members_can_use_personal_api_keys!: boolean
  @Column('boolean', { default: true }) allow_publicly_shared_resources!: boolean
  @Column('boolean', { nullable: true }) is_ai_data_processing_approved!: boolean | null
  @Column('varchar', { nullable: true, default: 'bayesian' }) default_experiment_stats_method!: string | null
  @Column('boolean', { default: false }) default_anonymize_ips!: boolean
  @Column('uuid', { nullable: true }) default_role_id!: string | null
  @Column('boolean', { default: true }) is_active!: boolean
  @Column('varchar', { nullable: true }) is_not_active_reason!: string | null
  /** When its owner deleted it; null while it is not being deleted. Purged `ORGANIZATION_RESTORE_DAYS` later. */
  @Column('timestamptz', { nullable: true }) deletion_requested_at!: Date | null
  /** The values of plugins' fields, by their names. Those of a plugin that is gone stay. */
  @Column('jsonb', { default: {} }) custom!: Record<string, unknown>
  @Column('timestamptz', { default: () => 'now()' }) created_at!: Date
  @Column('timestamptz', { default: () => 'now()' }) updated_at!: Date
}
