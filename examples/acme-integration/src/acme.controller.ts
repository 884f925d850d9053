import { Body, Controller, Post, Res } from '@nestjs/common'
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import { CurrentCaller, IntegrationView, MembershipLevel, type OrganizationCaller, RequiresScope } from 'polity'
import { ConnectAcme } from './acme.dto.js'
import { AcmeService } from './acme.service.js'

@ApiTags('integrations')
@Controller('api/organizations/:organization_id/integrations/acme')
export class AcmeController {
  constructor(private readonly acme: AcmeService) {}

  /** Of a workspace that is connected to the organization already, renews the token. */
  @Post()
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Admin })
  @ApiOperation({ operationId: 'organizations_integrations_acme_create', summary: 'Connect a workspace at Acme' })
  @ApiCreatedResponse({ type: IntegrationView })
  @ApiOkResponse({ type: IntegrationView, description: 'It was connected already; its token is renewed.' })
  async connect(
    @CurrentCaller() caller: OrganizationCaller,
    @Body() workspace: ConnectAcme,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IntegrationView> {
    const { isNew, integration } = await this.acme.connect(caller, workspace)
    reply.status(isNew ? 201 : 200)
    return integration
  }
}
