import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common'
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger'
import {
  ApiErrors,
  ApiResource,
  CurrentCaller,
  IdParam,
  MembershipLevel,
  notFound,
  PageQuery,
  RequiresScope,
} from 'polity'
import type { OrganizationCaller, Page, PageRequest } from 'polity'
import { CreateWidget, WidgetPage, WidgetView } from './widget.dto.js'
import { nameTaken, limitReached } from './widget.errors.js'
import { WidgetsService } from './widgets.service.js'

@ApiResource('widgets', 'The widgets of an organization.')
@Controller('api/organizations/:organization_id/widgets')
export class WidgetsController {
  constructor(private readonly widgets: WidgetsService) {}

  @Get()
  @RequiresScope('widget:read')
  @ApiOkResponse({ type: WidgetPage })
  list(@CurrentCaller() caller: OrganizationCaller, @PageQuery() page: PageRequest): Promise<Page<WidgetView>> {
    return this.widgets.list(caller, page)
  }

  @Post()
  @RequiresScope('widget:write')
  @ApiCreatedResponse({ type: WidgetView })
  @ApiErrors(nameTaken(), limitReached({ limit: 100 }))
  create(@CurrentCaller() caller: OrganizationCaller, @Body() widget: CreateWidget): Promise<WidgetView> {
    return this.widgets.create(caller, widget)
  }

  @Delete(':id')
  @RequiresScope('widget:write', { level: MembershipLevel.Admin })
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiErrors(notFound())
  delete(@CurrentCaller() caller: OrganizationCaller, @IdParam('id', 'The widget’s id.') id: string): Promise<void> {
    return this.widgets.delete(caller, id)
  }
}
