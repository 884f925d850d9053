import { Body, Controller, Get, Header, HttpCode, Ip, Post, Query, UseFilters } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import { type Caller, CurrentCaller, Public, RateLimits, RequiresScope } from '../../../auth/index.js'
import { StringField } from '../../../platform/http/fields.js'
import { type Onward, PrivateRedirect } from '../../private-redirect.js'
import { VercelErrorFilter } from './vercel-error.filter.js'
import { type SsoSession, VercelSso } from './vercel-sso.service.js'

/** The one-time ticket that the browser brought to your frontend. */
export class SsoTicket {
  @StringField({ required: true, maxLength: 100 })
  ticket!: string
}

/** People who come from Vercel's dashboard. Source: vercel.com/docs/integrations/create-integration/marketplace-api#single-sign-on */
@ApiExcludeController()
@Controller('api/vercel/sso')
export class VercelSsoController {
  constructor(
    private readonly sso: VercelSso,
    private readonly limits: RateLimits,
  ) {}

  @Get()
  @Public()
  @UseFilters(VercelErrorFilter)
  // The address that the browser is sent to holds what signs in.
  @PrivateRedirect()
  async arrive(@Query() query: Record<string, unknown>, @Ip() ip: string): Promise<Onward> {
    await this.limits.count(`ip:${ip}`)
    return { url: await this.sso.arrive(query), statusCode: 302 }
  }

  /** Your frontend's server gets the person and a key for them, once. */
  @Post('exchange')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  async exchange(@Body() { ticket }: SsoTicket, @Ip() ip: string): Promise<SsoSession> {
    await this.limits.count(`ip:${ip}`)
    return this.sso.exchange(ticket)
  }

  /** Somebody who had an account here proves that it is theirs with a key of it. */
  @Post('link')
  @HttpCode(200)
  @RequiresScope('organization:write', { organization: 'none' })
  link(@CurrentCaller() caller: Caller, @Body() { ticket }: SsoTicket): Promise<{ organization_id: string }> {
    return this.sso.link(caller, ticket)
  }
}
