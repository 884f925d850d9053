import { ApiProperty } from '@nestjs/swagger'
import { MembershipLevel } from '../access/index.js'
import { BooleanField, ChoiceField, ReferenceField, StringField } from '../platform/http/fields.js'
import { pageOf } from '../platform/http/page.dto.js'
import { TeamView } from '../projects/index.js'

/** In characters. */
export const MAX_NAME_LENGTH = 64

/** What an organization's admins may set. */
export class OrganizationSettings {
  @ReferenceField({ nullable: true, description: 'An uploaded image of one of its projects.' })
  logo_media_id?: string | null

  @BooleanField({ nullable: true, description: 'Members must sign in with a second factor.' })
  enforce_2fa?: boolean | null

  @BooleanField({ nullable: true, description: 'Whether members below admin may invite. At first true.' })
  members_can_invite?: boolean | null

  @BooleanField({ nullable: true, description: 'Whether members below admin may create projects. At first false.' })
  members_can_create_projects?: boolean | null

  @BooleanField({ description: 'Whether the keys of members below admin work here. At first true.' })
  members_can_use_personal_api_keys?: boolean

  @BooleanField({ description: 'Whether resources may be shared with the public. At first true.' })
  allow_publicly_shared_resources?: boolean

  @BooleanField({ nullable: true, description: 'Whether AI features may process its data.' })
  is_ai_data_processing_approved?: boolean | null

  @ChoiceField({
    nullable: true,
    choices: ['bayesian', 'frequentist', ''],
    description: 'How new experiments are judged. At first bayesian.',
  })
  default_experiment_stats_method?: string | null

  @BooleanField({ description: 'Whether new projects discard IP addresses. At first false.' })
  default_anonymize_ips?: boolean

  @ReferenceField({ nullable: true, description: 'The role that new members get.' })
  default_role_id?: string | null
}

/** The body of POST, and of PUT, which asks for the name too. */
export class CreateOrganization extends OrganizationSettings {
  @StringField({
    required: true,
    maxLength: MAX_NAME_LENGTH,
    description: 'Shown to members and on invitations.',
    example: 'Acme',
  })
  name!: string
}

export class UpdateOrganization extends OrganizationSettings {
  @StringField({ maxLength: MAX_NAME_LENGTH, description: 'Shown to members and on invitations.', example: 'Acme' })
  name?: string
}

/** A project in an organization: PostHog's ProjectBasic. */
export class BasicProject {
  @ApiProperty({ type: 'integer', example: 1 }) id!: number
  @ApiProperty({ format: 'uuid' }) organization_id!: string
  @ApiProperty({ example: 'Default project' }) name!: string
}

class ProductFeatureView {
  @ApiProperty({ example: 'audit_logs' }) key!: string
  @ApiProperty({ example: 'Activity log' }) name!: string
  @ApiProperty({ type: 'string', nullable: true }) description!: string | null
  @ApiProperty({ type: 'string', nullable: true }) unit!: string | null
  @ApiProperty({ type: 'integer', nullable: true }) limit!: number | null
  @ApiProperty({ type: 'string', nullable: true }) note!: string | null
  @ApiProperty({ example: true }) is_plan_default!: boolean
}

/** The organization on the wire: the same fields in the same order, alone and in lists. */
export class OrganizationView {
  @ApiProperty({ format: 'uuid' }) id!: string
  @ApiProperty({ maxLength: 64, example: 'Acme' }) name!: string
  @ApiProperty({ maxLength: 48, example: 'acme' }) slug!: string
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true }) logo_media_id!: string | null
  @ApiProperty({ format: 'date-time' }) created_at!: string
  @ApiProperty({ format: 'date-time' }) updated_at!: string
  @ApiProperty({
    type: 'integer',
    enum: [1, 8, 15],
    nullable: true,
    example: 15,
    description: 'The caller’s own level: 1 member, 8 admin, 15 owner.',
  })
  membership_level!: MembershipLevel | null
  @ApiProperty({ type: 'integer', enum: [0, 3, 6, 9], example: 9 }) plugins_access_level!: number
  @ApiProperty({ type: [TeamView] }) teams!: TeamView[]
  @ApiProperty({ type: [BasicProject] }) projects!: BasicProject[]
  @ApiProperty({ type: [ProductFeatureView] }) available_product_features!: ProductFeatureView[]
  @ApiProperty({ example: true }) is_member_join_email_enabled!: boolean
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { instance_tag: 'none' } })
  metadata!: Record<string, string>
  @ApiProperty({ type: 'string', nullable: true }) customer_id!: string | null
  @ApiProperty({ type: 'boolean', nullable: true }) enforce_2fa!: boolean | null
  @ApiProperty({ type: 'boolean', nullable: true, example: true }) members_can_invite!: boolean | null
  @ApiProperty({ type: 'boolean', nullable: true, example: false }) members_can_create_projects!: boolean | null
  @ApiProperty({ example: true }) members_can_use_personal_api_keys!: boolean
  @ApiProperty({ example: true }) allow_publicly_shared_resources!: boolean
  @ApiProperty({ type: 'integer', description: 'Active members.' }) member_count!: number
  @ApiProperty({ type: 'boolean', nullable: true }) is_ai_data_processing_approved!: boolean | null
  @ApiProperty({ type: 'string', enum: ['bayesian', 'frequentist', ''], nullable: true, example: 'bayesian' })
  default_experiment_stats_method!: string | null
  @ApiProperty() default_anonymize_ips!: boolean
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true }) default_role_id!: string | null
  @ApiProperty({ example: true }) is_active!: boolean
  @ApiProperty({ type: 'string', nullable: true }) is_not_active_reason!: string | null
  @ApiProperty({ description: 'Deleted by its owner, and not yet purged.' }) is_pending_deletion!: boolean
}

/** The organization in lists of a user's organizations. */
export class BasicOrganizationView {
  @ApiProperty({ format: 'uuid' }) id!: string
  @ApiProperty({ example: 'Acme' }) name!: string
  @ApiProperty({ example: 'acme' }) slug!: string
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true }) logo_media_id!: string | null
  @ApiProperty({ type: 'integer', enum: [1, 8, 15], example: 15 }) membership_level!: MembershipLevel
  @ApiProperty({ example: true }) members_can_use_personal_api_keys!: boolean
  @ApiProperty({ example: true }) is_active!: boolean
  @ApiProperty({ type: 'string', nullable: true }) is_not_active_reason!: string | null
  @ApiProperty() is_pending_deletion!: boolean
}

export class OrganizationPage extends pageOf(OrganizationView) {}

/** Fields by which a list of organizations can be ordered. */
export const organizationOrderings = ['created_at', 'id', 'name', 'slug'] as const
