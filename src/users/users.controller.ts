import { Controller, Get, Param } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger'
import { type Caller, CurrentCaller, RequiresScope } from '../auth/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { ApiResource } from '../platform/http/api-resource.js'
import { CurrentUserView } from './user.dto.js'
import { onlyYourself } from './user.errors.js'
import { UsersService } from './users.service.js'

@ApiResource('users', 'The caller: profile, current organization and project.')
@Controller('api/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

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
