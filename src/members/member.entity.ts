import { Column, Entity, PrimaryColumn, Unique } from 'typeorm'
import { MembershipLevel } from '../access/index.js'

@Entity('organization_memberships')
@Unique(['organization_id', 'user_id'])
export class OrganizationMembership {
  /** First in every key of an organization's tables, so one column routes, isolates and distributes them. */
  @PrimaryColumn('uuid') organization_id!: string
  /** UUIDv7, made by us: sorts by creation time, which cursors rely on. */
  @PrimaryColumn('uuid') id!: string
  @Column('integer') user_id!: number
  @Column('smallint', { default: MembershipLevel.Member }) level!: MembershipLevel
  @Column('timestamptz', { default: () => 'now()' }) joined_at!: Date
  @Column('timestamptz', { default: () => 'now()' }) updated_at!: Date
}
