import { Body, Controller, Get, HttpCode, Ip, Post, Query, Res } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
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
import { type LinkedAccount, type LinkSession, VercelConnect } from './vercel-connect.service.js'

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

  @Get('callback')
  @Public()
  async callback(@Query() query: Record<string, unknown>, @Ip() ip: string, @Res() reply: FastifyReply): Promise<void> {
    await this.limits.count(`ip:${ip}`)
    await reply.redirect(await this.connect.begin(query), 302)
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
