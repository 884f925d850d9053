import { ApiProperty } from '@nestjs/swagger'
import { ReferenceField, StringField } from '../../../platform/http/fields.js'

/** Where the browser goes in the end. */
export class StartLink {
  @StringField({
    maxLength: 2_000,
    description: 'An address of Vercel’s dashboard, as `next` of the link page has it.',
  })
  next?: string
}

/** Which organization the account at Vercel is to be linked to. */
export class CompleteLink {
  @StringField({ required: true, maxLength: 100 })
  session!: string

  @ReferenceField({ required: true })
  organization_id!: string
}

/** Where your frontend sends the browser. */
export class LinkStart {
  @ApiProperty({ example: 'https://vercel.com/integrations/polity/new?state=Yt6cJ3b0wXzqkq0Z8i1uUuVbTt1mQp4n' })
  url!: string
}

export class LinkableOrganization {
  @ApiProperty({ format: 'uuid' }) id!: string
  @ApiProperty({ example: 'Acme' }) name!: string
  @ApiProperty({ example: false }) already_linked!: boolean
}

const nextUrl = { type: 'string', nullable: true, description: 'Where the browser goes in the end.' } as const

/** The organizations to choose from: those that the caller administers. */
export class LinkSession {
  @ApiProperty(nextUrl) next_url!: string | null
  @ApiProperty({ type: [LinkableOrganization] }) organizations!: LinkableOrganization[]
}

export class LinkedAccount {
  @ApiProperty({ enum: ['linked'] }) status!: 'linked'
  @ApiProperty({ format: 'uuid' }) organization_id!: string
  @ApiProperty({ example: 'Acme' }) organization_name!: string
  @ApiProperty(nextUrl) next_url!: string | null
}

/** The one-time ticket that the browser brought to your frontend. */
export class SsoTicket {
  @StringField({ required: true, maxLength: 100 })
  ticket!: string
}

/** What your frontend gets for a ticket: a person, where they were going, and a key that acts as them for 12 hours. */
export class SsoSession {
  @ApiProperty({ type: 'integer' }) user_id!: number
  @ApiProperty({ format: 'uuid' }) organization_id!: string
  @ApiProperty({ type: 'string', nullable: true }) resource_id!: string | null
  @ApiProperty({ example: 'phx_…' }) personal_api_key!: string
  @ApiProperty({ format: 'date-time' }) expires_at!: string
}

export class SsoLink {
  @ApiProperty({ format: 'uuid' }) organization_id!: string
}
