import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Put } from '@nestjs/common'
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger'
import { type Caller, CurrentCaller, MembershipLevel, type OrganizationCaller, RequiresScope } from '../access/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { fieldError } from '../platform/http/validation.errors.js'
import type { Json } from '../platform/http/json.js'
import { OrderingQuery, PageQuery, SearchQuery } from '../platform/http/page-query.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import {
  CreateOrganization,
  OrganizationPage,
  OrganizationView,
  organizationOrderings,
  UpdateOrganization,
} from './organization.dto.js'
import { alreadyBeingDeleted, gates, notBeingDeleted } from './organization.errors.js'
import { OrganizationsService } from './organizations.service.js'

@ApiResource('organizations', 'Organizations and their settings.')
@Controller('api/organizations')
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  @Get()
  @RequiresScope('organization:read', { organization: 'none' })
  @ApiOperation({ operationId: 'organizations_list', summary: 'List the caller’s organizations' })
  @ApiOkResponse({ type: OrganizationPage })
  list(
    @CurrentCaller() caller: Caller,
    @PageQuery() page: PageRequest,
    @SearchQuery('the name or the slug') search: string | null,
    @OrderingQuery(organizationOrderings, 'created_at') ordering: string[],
  ): Promise<Json<Page<OrganizationView>>> {
    return this.organizations.list(caller, page, { search, ordering })
  }

  @Post()
  @RequiresScope('organization:write', { organization: 'none' })
  @ApiOperation({
    operationId: 'organizations_create',
    summary: 'Create an organization',
    description: 'With a first project; the caller becomes its owner, and it becomes their current organization.',
  })
  @ApiCreatedResponse({ type: OrganizationView })
  @ApiErrors(fieldError('name', { constraint: 'required' }))
  create(@CurrentCaller() caller: Caller, @Body() organization: CreateOrganization): Promise<Json<OrganizationView>> {
    return this.organizations.create(caller, organization)
  }

  @Get(':id')
  @RequiresScope('organization:read', { organization: 'itself', during: ['deletion', 'deactivation'] })
  @ApiOperation({ operationId: 'organizations_retrieve', summary: 'Retrieve an organization' })
  @ApiOkResponse({ type: OrganizationView })
  retrieve(@CurrentCaller() caller: OrganizationCaller): Promise<Json<OrganizationView>> {
    return this.organizations.retrieve(caller)
  }

  @Put(':id')
  @RequiresScope('organization:write', { organization: 'itself', level: MembershipLevel.Admin })
  @ApiOperation({ operationId: 'organizations_update', summary: 'Update an organization, naming it' })
  @ApiOkResponse({ type: OrganizationView })
  @ApiErrors(fieldError('name', { constraint: 'required' }))
  replace(
    @CurrentCaller() caller: OrganizationCaller,
    @Body() changes: CreateOrganization,
  ): Promise<Json<OrganizationView>> {
    return this.organizations.update(caller, changes)
  }

  @Patch(':id')
  @RequiresScope('organization:write', { organization: 'itself', level: MembershipLevel.Admin })
  @ApiOperation({ operationId: 'organizations_partial_update', summary: 'Change some of an organization’s settings' })
  @ApiOkResponse({ type: OrganizationView })
  @ApiErrors(
    fieldError('name', { constraint: 'maxLength', values: { limit: 64 } }),
    ...gates.map(({ refusal }) => refusal()),
  )
  update(
    @CurrentCaller() caller: OrganizationCaller,
    @Body() changes: UpdateOrganization,
  ): Promise<Json<OrganizationView>> {
    return this.organizations.update(caller, changes)
  }

  @Delete(':id')
  @HttpCode(204)
  @RequiresScope('organization:write', { organization: 'itself', level: MembershipLevel.Owner, during: ['deletion'] })
  @ApiOperation({
    operationId: 'organizations_destroy',
    summary: 'Delete an organization',
    description: 'It can be restored until its grace period ends.',
  })
  @ApiNoContentResponse()
  @ApiErrors(alreadyBeingDeleted())
  delete(@CurrentCaller() caller: OrganizationCaller): Promise<void> {
    return this.organizations.delete(caller)
  }

  @Post(':id/restore')
  @HttpCode(200)
  @RequiresScope('organization:write', { organization: 'itself', level: MembershipLevel.Owner, during: ['deletion'] })
  @ApiOperation({
    operationId: 'organizations_restore',
    summary: 'Restore a deleted organization',
    description: 'Not part of PostHog’s API.',
  })
  @ApiOkResponse({ type: OrganizationView })
  @ApiErrors(notBeingDeleted())
  restore(@CurrentCaller() caller: OrganizationCaller): Promise<Json<OrganizationView>> {
    return this.organizations.restore(caller)
  }
}
