import { Controller, Get } from '@nestjs/common'
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger'
import { type Caller, CurrentCaller, type OrganizationCaller, RequiresScope } from '../access/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { fieldError } from '../platform/http/validation.errors.js'
import { PageQuery, SearchQuery } from '../platform/http/page-query.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import { ProjectPage, type ProjectView } from './project.dto.js'
import { ProjectsService } from './projects.service.js'

@ApiResource('projects', 'The projects of organizations.')
@Controller('api')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Get('projects')
  @RequiresScope('project:read', { organization: 'none' })
  @ApiOperation({ operationId: 'projects_list', summary: 'List the projects within reach of the key' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiErrors(fieldError('search', { constraint: 'nullCharacters' }))
  listAll(
    @CurrentCaller() caller: Caller,
    @PageQuery() page: PageRequest,
    @SearchQuery('the project’s name') search: string | null,
  ): Promise<Page<ProjectView>> {
    return this.projects.listOfUser(caller, page, search)
  }

  @Get('organizations/:organization_id/projects')
  @RequiresScope('project:read')
  @ApiOperation({ operationId: 'organizations_projects_list', summary: 'List the projects of an organization' })
  @ApiOkResponse({ type: ProjectPage })
  @ApiErrors(fieldError('search', { constraint: 'nullCharacters' }))
  list(
    @CurrentCaller() caller: OrganizationCaller,
    @PageQuery() page: PageRequest,
    @SearchQuery('the project’s name') search: string | null,
  ): Promise<Page<ProjectView>> {
    return this.projects.listOfOrganization(caller, page, search)
  }
}
