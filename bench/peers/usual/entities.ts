import {
  Column,
  CreateDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm'

@Entity('users')
export class User {
  @PrimaryColumn() id!: number
  @Column('uuid') uuid!: string
  @Column() distinct_id!: string
  @Column() email!: string
  @Column() first_name!: string
  @Column() last_name!: string
  @Column('varchar', { nullable: true }) role_at_organization!: string | null
  @Column('boolean', { nullable: true }) is_email_verified!: boolean | null
  @Column() is_active!: boolean
  @Column('uuid', { nullable: true }) current_organization_id!: string | null
  @Column('int', { nullable: true }) current_project_id!: number | null
}

@Entity('personal_api_keys')
export class PersonalApiKey {
  @PrimaryColumn() id!: string
  @Column() user_id!: number
  @Column() secure_value!: string
  @Column('text', { array: true }) scopes!: string[]
  @Column('timestamptz', { nullable: true }) expires_at!: Date | null
  @ManyToOne(() => User) @JoinColumn({ name: 'user_id' }) user!: User
}

@Entity('organizations')
export class Organization {
  @PrimaryColumn('uuid') id!: string
  @Column() name!: string
  @Column() slug!: string
  @Column('uuid', { nullable: true }) logo_media_id!: string | null
  @Column({ default: true }) is_member_join_email_enabled!: boolean
  @Column('varchar', { nullable: true }) customer_id!: string | null
  @Column('boolean', { nullable: true }) enforce_2fa!: boolean | null
  @Column('boolean', { nullable: true, default: true }) members_can_invite!: boolean | null
  @Column('boolean', { nullable: true, default: false }) members_can_create_projects!: boolean | null
  @Column({ default: true }) members_can_use_personal_api_keys!: boolean
  @Column({ default: true }) allow_publicly_shared_resources!: boolean
  @Column('boolean', { nullable: true }) is_ai_data_processing_approved!: boolean | null
  @Column('varchar', { nullable: true, default: 'bayesian' }) default_experiment_stats_method!: string | null
  @Column({ default: false }) default_anonymize_ips!: boolean
  @Column('uuid', { nullable: true }) default_role_id!: string | null
  @Column({ default: true }) is_active!: boolean
  @Column('varchar', { nullable: true }) is_not_active_reason!: string | null
  @Column('timestamptz', { nullable: true }) deletion_requested_at!: Date | null
  @CreateDateColumn({ type: 'timestamptz' }) created_at!: Date
  @UpdateDateColumn({ type: 'timestamptz' }) updated_at!: Date
  @OneToMany(() => Membership, (membership) => membership.organization) memberships!: Membership[]
  @OneToMany(() => Project, (project) => project.organization) projects!: Project[]
}

@Entity('organization_memberships')
export class Membership {
  @PrimaryColumn('uuid') organization_id!: string
  @PrimaryColumn('uuid') id!: string
  @Column() user_id!: number
  @Column('smallint') level!: number
  @ManyToOne(() => Organization, (organization) => organization.memberships)
  @JoinColumn({ name: 'organization_id' })
  organization!: Organization
  @ManyToOne(() => User) @JoinColumn({ name: 'user_id' }) user!: User
}

@Entity('projects')
export class Project {
  @PrimaryColumn('uuid') organization_id!: string
  @PrimaryColumn({ default: () => `nextval('project_ids')` }) id!: number
  @Column('uuid') uuid!: string
  @Column() name!: string
  @Column() api_token!: string
  @Column({ default: false }) completed_snippet_onboarding!: boolean
  @Column('jsonb', { nullable: true }) has_completed_onboarding_for!: unknown
  @Column({ default: false }) ingested_event!: boolean
  @Column({ default: false }) is_demo!: boolean
  @Column({ default: 'UTC' }) timezone!: string
  @Column({ default: false }) access_control!: boolean
  @ManyToOne(() => Organization, (organization) => organization.projects)
  @JoinColumn({ name: 'organization_id' })
  organization!: Organization
}

@Entity('organization_integrations')
export class Integration {
  @PrimaryColumn('uuid') organization_id!: string
  @PrimaryColumn('uuid') id!: string
  @Column() kind!: string
  @Column('text', { nullable: true }) integration_id!: string | null
  @Column('jsonb') config!: Record<string, unknown>
  @CreateDateColumn({ type: 'timestamptz' }) created_at!: Date
  @UpdateDateColumn({ type: 'timestamptz' }) updated_at!: Date
  @ManyToOne(() => User, { nullable: true }) @JoinColumn({ name: 'created_by_id' }) created_by!: User | null
}

/** The directory of a user's organizations, and the outbox: written as our own server writes them. */
@Entity('user_organizations')
export class UserOrganization {
  @PrimaryColumn() user_id!: number
  @PrimaryColumn('uuid') organization_id!: string
  @Column('timestamptz') organization_created_at!: Date
}

@Entity('organization_slugs')
export class OrganizationSlug {
  @PrimaryColumn() slug!: string
  @Column('uuid') organization_id!: string
}

@Entity('outbox')
export class OutboxEvent {
  @PrimaryColumn('uuid') id!: string
  @Column() type!: string
  @Column('uuid') organization_id!: string
  @Column('jsonb') payload!: Record<string, unknown>
}

export const entities = [
  User,
  PersonalApiKey,
  Organization,
  Membership,
  Project,
  Integration,
  UserOrganization,
  OrganizationSlug,
  OutboxEvent,
]
