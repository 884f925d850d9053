import { Controller, Get, Param } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger'
import { type Caller, CurrentCaller, RequiresScope } from '../access/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { CurrentUserView } from './current-user.dto.js'
import { onlyYourself } from './current-user.errors.js'
import { CurrentUserService } from './current-user.service.js'

@ApiResource('users', 'The caller: profile, current organization and project.')
@Controller('api/users')
export class CurrentUserController {
  constructor(private readonly users: CurrentUserService) {}

  @Get(':uuid')
  @RequiresScope('user:read', { organization: 'none' })
  @ApiParam({ name: 'uuid', description: '`@me`, or the caller’s own id.' })
  @ApiOperation({ operationId: 'users_retrieve', summary: 'Retrieve the caller', description: 'The id is `@me`.' })
  @ApiOkResponse({ type: CurrentUserView })
  @ApiErrors(onlyYourself())
  retrieve(@CurrentCaller() caller: Caller, @Param('uuid') uuid: string): Promise<CurrentUserView> {
    if (uuid !== '@me' && uuid !== caller.user?.uuid) throw onlyYourself()
    return this.users.me(caller)
  }
}
