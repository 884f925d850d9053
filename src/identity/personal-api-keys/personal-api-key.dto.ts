import { ApiProperty } from '@nestjs/swagger'

/** The wire shape of `GET /api/personal_api_keys/@current/`: the key in use. */
export class PersonalApiKeyDescription {
  @ApiProperty({ example: '0190aaaa-1111-7000-8000-00000000000a' }) id!: string
  @ApiProperty({ maxLength: 40, example: 'CI' }) label!: string
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'The key itself right after it was created or rolled, otherwise null.',
  })
  value!: string | null
  @ApiProperty({ example: 'phx_...abcd' }) mask_value!: string
  @ApiProperty({ type: 'string', format: 'date-time' }) created_at!: Date
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true }) last_used_at!: Date | null
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true }) last_rolled_at!: Date | null
  @ApiProperty({ type: 'integer' }) user_id!: number
  @ApiProperty({ type: [String], example: ['organization:read'] }) scopes!: string[]
  @ApiProperty({ type: [Number], example: [] }) scoped_teams!: number[]
  @ApiProperty({ type: [String], example: [] }) scoped_organizations!: string[]
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true }) expires_at!: Date | null
}
