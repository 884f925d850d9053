import { Controller, Delete, Get, HttpCode, Patch } from '@nestjs/common'
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger'
import { CurrentCaller, MembershipLevel, type OrganizationCaller, RequiresScope } from '../access/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { LateBody } from '../platform/http/dto.js'
import { fieldError } from '../platform/http/validation.errors.js'
import { notFound } from '../platform/http/http.errors.js'
import { IdParam } from '../platform/http/id-param.js'
import { PageQuery } from '../platform/http/page-query.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import { EnvironmentMapping, IntegrationHealthView, IntegrationPage, IntegrationView } from './integration.dto.js'
import { billingUnavailable, foreignProject, notConnectable, openInvoices } from './integration.errors.js'
import { IntegrationsService } from './integrations.service.js'

@ApiResource('integrations', 'What an organization has connected: Vercel, AWS Marketplace and others.')
@Controller('api/organizations/:organization_id/integrations')
export class IntegrationsController {
  constructor(private readonly integrations: IntegrationsService) {}

  @Get()
  @RequiresScope('organization_integration:read')
  @ApiOperation({ operationId: 'organizations_integrations_list', summary: 'List the integrations of an organization' })
  @ApiOkResponse({ type: IntegrationPage })
  list(@CurrentCaller() caller: OrganizationCaller, @PageQuery() page: PageRequest): Promise<Page<IntegrationView>> {
    return this.integrations.list(caller, page)
  }

  @Get(':id')
  @RequiresScope('organization_integration:read')
  @ApiOperation({ operationId: 'organizations_integrations_retrieve', summary: 'Retrieve an integration' })
  @ApiOkResponse({ type: IntegrationView })
  @ApiErrors(notFound())
  retrieve(
    @CurrentCaller() caller: OrganizationCaller,
    @IdParam('id', 'The integration’s id.') id: string,
  ): Promise<IntegrationView> {
    return this.integrations.retrieve(caller, id)
  }

  /** Not part of PostHog's API. It calls the provider, so it is for admins, who can act on the answer. */
  @Get(':id/health')
  @RequiresScope('organization_integration:read', { level: MembershipLevel.Admin })
  @ApiOperation({ operationId: 'organizations_integrations_health_retrieve', summary: 'Check an integration' })
  @ApiOkResponse({ type: IntegrationHealthView })
  @ApiErrors(notFound())
  health(
    @CurrentCaller() caller: OrganizationCaller,
    @IdParam('id', 'The integration’s id.') id: string,
  ): Promise<IntegrationHealthView> {
    return this.integrations.health(caller, id)
  }

  @Delete(':id')
  @HttpCode(204)
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Admin })
  @ApiOperation({ operationId: 'organizations_integrations_destroy', summary: 'Disconnect an integration' })
  @ApiNoContentResponse()
  @ApiErrors(notFound(), openInvoices(), billingUnavailable())
  remove(
    @CurrentCaller() caller: OrganizationCaller,
    @IdParam('id', 'The integration’s id.') id: string,
  ): Promise<void> {
    return this.integrations.remove(caller, id)
  }

  /** The body is validated late, because PostHog reports errors of the integration before errors of the body. */
  @Patch(':id/environment-mapping')
  @RequiresScope('organization_integration:write', { level: MembershipLevel.Admin })
  @ApiOperation({
    operationId: 'organizations_integrations_environment_mapping_partial_update',
    summary: 'Map the provider’s environments to projects',
  })
  @ApiBody({ type: EnvironmentMapping })
  @ApiOkResponse({ type: IntegrationView })
  @ApiErrors(
    notFound(),
    notConnectable(),
    fieldError('production', { constraint: 'required' }),
    foreignProject({ project_id: 1 }),
  )
  mapEnvironments(
    @CurrentCaller() caller: OrganizationCaller,
    @IdParam('id', 'The integration’s id.') id: string,
    @LateBody(EnvironmentMapping) mapping: () => Promise<EnvironmentMapping>,
  ): Promise<IntegrationView> {
    return this.integrations.mapEnvironments(caller, id, mapping)
  }
}
