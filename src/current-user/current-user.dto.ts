import { ApiProperty } from '@nestjs/swagger'
import { BasicOrganizationView, OrganizationView } from '../organizations/index.js'
import { TeamView } from '../projects/index.js'

/** The wire shape of `GET /api/users/@me/`: the caller. */
export class CurrentUserView {
  @ApiProperty({ format: 'date-time' }) date_joined!: string
  @ApiProperty({ type: 'integer' }) id!: number
  @ApiProperty({ format: 'uuid' }) uuid!: string
  @ApiProperty({ example: '9f1c2e64-7a55-4c1a-9d0e-2b7f3c8d5e10' }) distinct_id!: string
  @ApiProperty({ example: 'Ada' }) first_name!: string
  @ApiProperty({ example: 'Lovelace' }) last_name!: string
  @ApiProperty({ example: 'ada@example.com', description: 'Empty for a user without one.' }) email!: string
  @ApiProperty({ type: 'boolean', nullable: true, example: true }) is_email_verified!: boolean | null
  @ApiProperty({ type: 'object', nullable: true, additionalProperties: true }) hedgehog_config!: null
  @ApiProperty({ type: 'string', nullable: true }) role_at_organization!: string | null
  @ApiProperty() has_password!: boolean
  @ApiProperty() is_staff!: boolean
  @ApiProperty() is_2fa_enabled!: boolean
  @ApiProperty({ type: TeamView, nullable: true }) team!: TeamView | null
  @ApiProperty({ type: OrganizationView, nullable: true }) organization!: OrganizationView | null
  @ApiProperty({ type: [BasicOrganizationView] }) organizations!: BasicOrganizationView[]
}
