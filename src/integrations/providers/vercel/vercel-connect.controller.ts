import { Body, Controller, Get, HttpCode, Ip, Post, Query } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import {
  type Caller,
  CurrentCaller,
  MembershipLevel,
  type OrganizationCaller,
  Public,
  RateLimits,
  RequiresScope,
} from '../../../auth/index.js'
import { ReferenceField, StringField } from '../../../platform/http/fields.js'
import { type Onward, PrivateRedirect } from '../../private-redirect.js'
import { type LinkedAccount, type LinkSession, type LinkStart, VercelConnect } from './vercel-connect.service.js'

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

/** Linking an account at Vercel to an organization that exists. */
@ApiExcludeController()
@Controller('api/vercel/connect')
export class VercelConnectController {
  constructor(
    private readonly connect: VercelConnect,
    private readonly limits: RateLimits,
  ) {}

  /** Your frontend sends the browser to the `url` that this answers; what comes back is the caller's alone. */
  @Post('start')
  @HttpCode(200)
  @RequiresScope('organization_integration:write', { organization: 'none' })
  start(@CurrentCaller() caller: Caller, @Body() { next }: StartLink): Promise<LinkStart> {
    return this.connect.start(caller, next)
  }

  @Get('callback')
  @Public()
  // The address that the browser is sent to holds what links the account.
  @PrivateRedirect()
  async callback(@Query() query: Record<string, unknown>, @Ip() ip: string): Promise<Onward> {
    await this.limits.count(`ip:${ip}`)
    return { url: await this.connect.arrive(query), statusCode: 302 }
  }

  @Get('session')
  @RequiresScope('organization_integration:read', { organization: 'none' })
  session(@CurrentCaller() caller: Caller, @Query('session') session?: unknown): Promise<LinkSession> {
    return this.connect.session(caller, session)
  }

  @Post('complete')
  @HttpCode(201)
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Admin, organization: 'body' })
  complete(@CurrentCaller() caller: OrganizationCaller, @Body() { session }: CompleteLink): Promise<LinkedAccount> {
    return this.connect.complete(caller, session)
  }
}
