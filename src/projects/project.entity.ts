import { Column, Entity, PrimaryColumn } from 'typeorm'

/** A project; PostHog's team of the same id is the same row. */
@Entity('projects')
export class Project {
  @PrimaryColumn('uuid') organization_id!: string
  /** From one sequence for all organizations: PostHog's wire has integers here. */
  @PrimaryColumn('integer', { default: () => "nextval('project_ids')" }) id!: number
  @Column('uuid') uuid!: string
  @Column('varchar') name!: string
  /** `phc_…`: public, it names the project to those who send events. */
  @Column('varchar') api_token!: string
  @Column('boolean', { default: false }) completed_snippet_onboarding!: boolean
  @Column('jsonb', { nullable: true }) has_completed_onboarding_for!: Record<string, unknown> | null
  @Column('boolean', { default: false }) ingested_event!: boolean
  @Column('boolean', { default: false }) is_demo!: boolean
  @Column('varchar', { default: 'UTC' }) timezone!: string
  @Column('boolean', { default: false }) access_control!: boolean
  @Column('boolean', { default: false }) anonymize_ips!: boolean
  @Column('timestamptz', { default: () => 'now()' }) created_at!: Date
  @Column('timestamptz', { default: () => 'now()' }) updated_at!: Date
}
