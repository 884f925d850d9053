import { ApiProperty } from '@nestjs/swagger'
import { IntegerField } from '../platform/http/fields.js'
import { pageOf } from '../platform/http/page.dto.js'

/** Which project serves which of the provider's environments. */
export class EnvironmentMapping {
  @IntegerField({ required: true, description: 'The id of a project of the same organization.', example: 1 })
  production!: number

  @IntegerField({ description: 'Default: the project of production.', example: 1 })
  preview?: number

  @IntegerField({ description: 'Default: the project of production.', example: 1 })
  development?: number
}

/** PostHog's basic user. */
export class BasicUserView {
  @ApiProperty({ type: 'integer' }) id!: number
  @ApiProperty({ format: 'uuid' }) uuid!: string
  @ApiProperty({ example: '9f1c2e64-7a55-4c1a-9d0e-2b7f3c8d5e10' }) distinct_id!: string
  @ApiProperty({ example: 'Ada' }) first_name!: string
  @ApiProperty({ example: 'Lovelace' }) last_name!: string
  @ApiProperty({ example: 'ada@example.com', description: 'Empty for a user without one.' }) email!: string
  @ApiProperty({ type: 'boolean', nullable: true, example: true }) is_email_verified!: boolean | null
  @ApiProperty({ type: 'object', nullable: true, additionalProperties: true }) hedgehog_config!: null
  @ApiProperty({ type: 'string', nullable: true }) role_at_organization!: string | null
}

/** An integration on the wire. All of it is read-only. */
export class IntegrationView {
  @ApiProperty({ format: 'uuid' }) id!: string
  @ApiProperty({ example: 'vercel' }) kind!: string
  @ApiProperty({
    type: 'string',
    nullable: true,
    example: 'icfg_AAAAaaaa1111BBBBbbbb2222',
    description: 'The id at the provider.',
  })
  integration_id!: string | null
  @ApiProperty({ type: 'object', additionalProperties: true, example: { type: 'connectable' } }) config!: Record<
    string,
    unknown
  >
  @ApiProperty({ format: 'date-time' }) created_at!: string
  @ApiProperty({ format: 'date-time' }) updated_at!: string
  @ApiProperty({ type: BasicUserView, nullable: true }) created_by!: BasicUserView | null
}

export class IntegrationPage extends pageOf(IntegrationView) {}

/** Whether the provider answers. */
export class IntegrationHealthView {
  @ApiProperty({
    type: 'boolean',
    nullable: true,
    example: true,
    description: 'Null where the kind cannot be checked.',
  })
  healthy!: boolean | null
  @ApiProperty({ type: 'string', nullable: true, description: 'What is wrong and what to do.' }) detail!: string | null
}
