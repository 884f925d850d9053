import { Body, Controller, Get, HttpCode, Ip, Post, Query } from '@nestjs/common'
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger'
import {
  type Caller,
  CurrentCaller,
  MembershipLevel,
  type OrganizationCaller,
  Public,
  RateLimits,
  RequiresScope,
} from '../../../access/index.js'
import { ApiErrors } from '../../../platform/http/api-errors.js'
import { type Onward, PrivateRedirect } from '../../private-redirect.js'
import { alreadyLinked, linkExpired, missingCode } from './vercel.errors.js'
import { CompleteLink, LinkedAccount, LinkSession, LinkStart, StartLink } from './vercel.dto.js'
import { VercelConnect } from './vercel-connect.service.js'

/** Linking an account at Vercel to an organization that exists. */
@ApiTags('vercel')
@Controller('api/vercel/connect')
export class VercelConnectController {
  constructor(
    private readonly connect: VercelConnect,
    private readonly limits: RateLimits,
  ) {}

  /** Your frontend sends the browser to the `url` of this answer. Only this caller can finish the flow. */
  @Post('start')
  @HttpCode(200)
  @RequiresScope('organization_integration:write', { organization: 'none' })
  @ApiOperation({ operationId: 'vercel_connect_start_create', summary: 'Start to link an account at Vercel' })
  @ApiOkResponse({ type: LinkStart })
  start(@CurrentCaller() caller: Caller, @Body() { next }: StartLink): Promise<LinkStart> {
    return this.connect.start(caller, next)
  }

  @Get('callback')
  @Public()
  // The browser is sent to an address that contains the session.
  @PrivateRedirect()
  @ApiOperation({ operationId: 'vercel_connect_callback_retrieve', summary: 'Take a browser back from Vercel' })
  @ApiResponse({ status: 302, description: 'To your frontend, with a session for whoever started.' })
  @ApiErrors(missingCode())
  async callback(@Query() query: Record<string, unknown>, @Ip() ip: string): Promise<Onward> {
    await this.limits.countAddress(ip)
    return { url: await this.connect.arrive(query), statusCode: 302 }
  }

  @Get('session')
  @RequiresScope('organization_integration:read', { organization: 'none' })
  @ApiOperation({
    operationId: 'vercel_connect_session_retrieve',
    summary: 'List the organizations that the account can be linked to',
  })
  @ApiQuery({ name: 'session', type: String, description: 'What the link page was given as `session`.' })
  @ApiOkResponse({ type: LinkSession })
  @ApiErrors(linkExpired())
  session(@CurrentCaller() caller: Caller, @Query('session') session?: unknown): Promise<LinkSession> {
    return this.connect.session(caller, session)
  }

  @Post('complete')
  @HttpCode(201)
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Admin, organization: 'body' })
  @ApiOperation({ operationId: 'vercel_connect_complete_create', summary: 'Link the account to an organization' })
  @ApiCreatedResponse({ type: LinkedAccount })
  @ApiErrors(linkExpired(), alreadyLinked())
  complete(@CurrentCaller() caller: OrganizationCaller, @Body() { session }: CompleteLink): Promise<LinkedAccount> {
    return this.connect.complete(caller, session)
  }
}
