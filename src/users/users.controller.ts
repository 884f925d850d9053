import { Controller, Get, Param } from '@nestjs/common'
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger'
import { type Caller, CurrentCaller, RequiresScope } from '../auth/index.js'
import { ApiErrors } from '../platform/http/api-errors.js'
import { CurrentUserView } from './user.dto.js'
import { onlyYourself } from './user.errors.js'
import { UsersService } from './users.service.js'

@ApiTags('users')
@Controller('api/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':uuid')
  @RequiresScope('user:read', { organization: 'none' })
  @ApiOperation({ operationId: 'users_retrieve', summary: 'Retrieve the caller', description: 'The id is `@me`.' })
  @ApiOkResponse({ type: CurrentUserView })
  @ApiErrors(onlyYourself())
  retrieve(@CurrentCaller() caller: Caller, @Param('uuid') uuid: string): Promise<CurrentUserView> {
    if (uuid !== '@me' && uuid !== caller.user_uuid) throw onlyYourself()
    return this.users.me(caller)
  }
}
