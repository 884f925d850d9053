import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Req } from '@nestjs/common'
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import {
  ApiErrors,
  ApiResource,
  CurrentCaller,
  MembershipLevel,
  notFound,
  type OrganizationCaller,
  type Page,
  PageQuery,
  pageRequest,
  RequiresScope,
} from 'polity'
import { CreateWidget, WidgetPage, WidgetView } from './widget.dto.js'
import { nameTaken } from './widget.errors.js'
import { WidgetsService } from './widgets.service.js'

/** What is no id names nothing. */
const uuid = new ParseUUIDPipe({ exceptionFactory: () => notFound() })

@ApiResource('widgets', 'The widgets of an organization.')
@Controller('api/organizations/:organization_id/widgets')
export class WidgetsController {
  constructor(private readonly widgets: WidgetsService) {}

  @Get()
  @RequiresScope('widget:read')
  @PageQuery()
  @ApiOkResponse({ type: WidgetPage })
  list(@CurrentCaller() caller: OrganizationCaller, @Req() request: FastifyRequest): Promise<Page<WidgetView>> {
    return this.widgets.list(caller, pageRequest(request))
  }

  @Post()
  @RequiresScope('widget:write')
  @ApiCreatedResponse({ type: WidgetView })
  @ApiErrors(nameTaken())
  create(@CurrentCaller() caller: OrganizationCaller, @Body() widget: CreateWidget): Promise<WidgetView> {
    return this.widgets.create(caller, widget)
  }

  @Delete(':id')
  @RequiresScope('widget:write', { level: MembershipLevel.Admin })
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiErrors(notFound())
  delete(@CurrentCaller() caller: OrganizationCaller, @Param('id', uuid) id: string): Promise<void> {
    return this.widgets.delete(caller, id)
  }
}
