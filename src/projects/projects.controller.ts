import { Controller, Get, Query, Req } from '@nestjs/common'
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { type Caller, CurrentCaller, type OrganizationCaller, RequiresScope } from '../access/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { fieldError } from '../platform/http/validation.errors.js'
import { PageQuery } from '../platform/http/page-query.js'
import { type Page, pageRequest } from '../platform/http/pagination.js'
import { searchText } from '../platform/http/list-query.js'
import { ProjectPage, type ProjectView } from './project.dto.js'
import { ProjectsService } from './projects.service.js'

@ApiResource('projects', 'The projects of organizations.')
@Controller('api')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Get('projects')
  @RequiresScope('project:read', { organization: 'none' })
  @PageQuery({ search: 'the project’s name' })
  @ApiOperation({ operationId: 'projects_list', summary: 'List the projects within reach of the key' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiErrors(fieldError('search', { constraint: 'nullCharacters' }))
  listAll(
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Query('search') search?: unknown,
  ): Promise<Page<ProjectView>> {
    return this.projects.listOfUser(caller, pageRequest(request), searchText(search))
  }

  @Get('organizations/:organization_id/projects')
  @RequiresScope('project:read')
  @PageQuery({ search: 'the project’s name' })
  @ApiOperation({ operationId: 'organizations_projects_list', summary: 'List the projects of an organization' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiErrors(fieldError('search', { constraint: 'nullCharacters' }))
  list(
    @CurrentCaller() caller: OrganizationCaller,
    @Req() request: FastifyRequest,
    @Query('search') search?: unknown,
  ): Promise<Page<ProjectView>> {
    return this.projects.listOfOrganization(caller, pageRequest(request), searchText(search))
  }
}
