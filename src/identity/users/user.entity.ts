import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm'

/** A person. Directory table: a user belongs to no organization in particular. */
@Entity('users')
export class User {
  @PrimaryGeneratedColumn('identity') id!: number
  @Column('uuid') uuid!: string
  /** PostHog’s id of the same person in analytics. */
  @Column('varchar') distinct_id!: string
  /** Unique, ignoring case; empty for a user without one. */
  @Column('varchar') email!: string
  @Column('varchar', { default: '' }) first_name!: string
  @Column('varchar', { default: '' }) last_name!: string
  @Column('varchar', { nullable: true }) role_at_organization!: string | null
  @Column('boolean', { nullable: true }) is_email_verified!: boolean | null
  /** The keys of an inactive user are invalid. */
  @Column('boolean', { default: true }) is_active!: boolean
  @Column('boolean', { default: false }) is_staff!: boolean
  @Column('boolean', { default: false }) has_password!: boolean
  @Column('boolean', { default: false }) is_2fa_enabled!: boolean
  @Column('timestamptz', { default: () => 'now()' }) date_joined!: Date
  /** What `@current` means. If it is null, or the user has left it, the first of their organizations. */
  @Column('uuid', { nullable: true }) current_organization_id!: string | null
  @Column('integer', { nullable: true }) current_project_id!: number | null
}
