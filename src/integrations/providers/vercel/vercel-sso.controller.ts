import { Body, Controller, Get, Header, HttpCode, Ip, Post, Query } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger'
import { type Caller, CurrentCaller, Public, RateLimits, RequiresScope } from '../../../access/index.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { ApiErrors } from '../../../platform/http/api-errors.js'
import { type Onward, PrivateRedirect } from '../../private-redirect.js'
import { otherAccount, ticketExpired } from './vercel.errors.js'
import { SsoLink, SsoSession, SsoTicket } from './vercel.dto.js'
import { ActingVercel } from './vercel-actor.js'
import { VercelSso } from './vercel-sso.service.js'

/** People who come from Vercel's dashboard. Source: vercel.com/docs/integrations/create-integration/marketplace-api#single-sign-on */
@ApiTags('vercel')
@Controller('api/vercel/sso')
export class VercelSsoController {
  constructor(
    private readonly sso: VercelSso,
    private readonly limits: RateLimits,
  ) {}

  @Get()
  @Public()
  // The browser is sent to an address that contains the ticket.
  @PrivateRedirect()
  @ApiOperation({ operationId: 'vercel_sso_retrieve', summary: 'Sign in somebody whom Vercel sends' })
  @ApiResponse({ status: 302, description: 'To your frontend, with a ticket.' })
  async arrive(@ActingVercel() by: Actor, @Query() query: Record<string, unknown>, @Ip() ip: string): Promise<Onward> {
    await this.limits.countAddress(ip)
    return { url: await this.sso.arrive(by, query), statusCode: 302 }
  }

  /** Your frontend's server gets the person and a key for them, once. */
  @Post('exchange')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @ApiOperation({ operationId: 'vercel_sso_exchange_create', summary: 'Exchange the ticket of a sign-in for a key' })
  @ApiOkResponse({ type: SsoSession })
  @ApiErrors(ticketExpired())
  async exchange(@ActingVercel() by: Actor, @Body() { ticket }: SsoTicket, @Ip() ip: string): Promise<SsoSession> {
    await this.limits.countAddress(ip)
    return this.sso.exchange(by, ticket)
  }

  /** A person who already has an account here proves it with one of its keys. */
  @Post('link')
  @HttpCode(200)
  @RequiresScope('organization:write', { organization: 'none' })
  @ApiOperation({ operationId: 'vercel_sso_link_create', summary: 'Link the caller to their account at Vercel' })
  @ApiOkResponse({ type: SsoLink })
  @ApiErrors(ticketExpired(), otherAccount())
  link(@CurrentCaller() caller: Caller, @Body() { ticket }: SsoTicket): Promise<SsoLink> {
    return this.sso.link(caller, ticket)
  }
}
