import { Column, Entity, PrimaryColumn } from 'typeorm'

/** A key that acts for its user. Directory table: one key may reach several organizations. */
@Entity('personal_api_keys')
export class PersonalApiKey {
  @PrimaryColumn('varchar') id!: string
  @Column('integer') user_id!: number
  @Column('varchar') label!: string
  /** `sha256$` and the SHA-256 of the whole key in hex. The key itself is shown once and not stored. */
  @Column('varchar') secure_value!: string
  /** First and last four characters: `phx_...abcd`. */
  @Column('varchar') mask_value!: string
  /** Empty for a legacy key from an import, which may do everything. */
  @Column('text', { array: true }) scopes!: string[]
  /** Non-empty: only these projects, and no organization route. */
  @Column('integer', { array: true, default: '{}' }) scoped_teams!: number[]
  /** Non-empty: only these organizations. */
  @Column('uuid', { array: true, default: '{}' }) scoped_organizations!: string[]
  @Column('timestamptz', { default: () => 'now()' }) created_at!: Date
  /** Up to a minute late. */
  @Column('timestamptz', { nullable: true }) last_used_at!: Date | null
  @Column('timestamptz', { nullable: true }) last_rolled_at!: Date | null
  /** The key is invalid from then on; null: never. */
  @Column('timestamptz', { nullable: true }) expires_at!: Date | null
}
