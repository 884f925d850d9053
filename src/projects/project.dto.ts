import { ApiProperty } from '@nestjs/swagger'
import { pageOf } from '../platform/http/page.dto.js'

/** A project in lists: PostHog's ProjectBackwardCompatBasic. */
export class ProjectView {
  @ApiProperty({ type: 'integer', example: 1 }) id!: number
  @ApiProperty({ format: 'uuid' }) uuid!: string
  @ApiProperty({ format: 'uuid' }) organization!: string
  @ApiProperty({ example: 'phc_3f0b' }) api_token!: string
  @ApiProperty({ example: 'Default project' }) name!: string
  @ApiProperty() completed_snippet_onboarding!: boolean
  @ApiProperty({ type: 'object', nullable: true, additionalProperties: true })
  has_completed_onboarding_for!: Record<string, unknown> | null
  @ApiProperty() ingested_event!: boolean
  @ApiProperty() is_demo!: boolean
  @ApiProperty({ example: 'UTC' }) timezone!: string
  @ApiProperty() access_control!: boolean
}

/** A project's team, in organizations and users. */
export class TeamView {
  @ApiProperty({ type: 'integer', example: 1 }) id!: number
  @ApiProperty({ format: 'uuid' }) uuid!: string
  @ApiProperty({ format: 'uuid' }) organization!: string
  @ApiProperty({ type: 'integer', example: 1 }) project_id!: number
  @ApiProperty({ example: 'phc_3f0b' }) api_token!: string
  @ApiProperty({ example: 'Default project' }) name!: string
  @ApiProperty() completed_snippet_onboarding!: boolean
  @ApiProperty({ type: 'object', nullable: true, additionalProperties: true })
  has_completed_onboarding_for!: Record<string, unknown> | null
  @ApiProperty() ingested_event!: boolean
  @ApiProperty() is_demo!: boolean
  @ApiProperty({ example: 'UTC' }) timezone!: string
  @ApiProperty() access_control!: boolean
}

export class ProjectPage extends pageOf(ProjectView) {}
