import { Column, Entity, PrimaryColumn } from 'typeorm'

@Entity('widgets')
export class Widget {
  /** First in every key of an organization's tables, so that a purge finds the row and nobody else's query does. */
  @PrimaryColumn('uuid') organization_id!: string
  @PrimaryColumn('uuid') id!: string
  @Column('varchar') name!: string
  /** Whoever made it, for as long as they are a member. */
  @Column('integer', { nullable: true }) owner_id!: number | null
}
