import { Controller, Delete, Get, Param, Patch, Post, Put } from '@nestjs/common'
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger'
import { AnyKey, type Caller, CurrentCaller, NoKeys } from '../../access/index.js'
import { ApiErrors } from '../../platform/http/api-errors.js'
import { ApiResource } from '../../platform/http/api-resource.js'
import { notFound } from '../../platform/http/http.errors.js'
import { PersonalApiKeyDescription } from './personal-api-key.dto.js'
import { PersonalApiKeysService, type PersonalApiKeyView } from './personal-api-keys.service.js'

@ApiResource('personal_api_keys', 'The key in use. Keys are made with `polity keys`.')
@Controller('api/personal_api_keys')
export class PersonalApiKeysController {
  constructor(private readonly keys: PersonalApiKeysService) {}

  @Get(':id')
  @AnyKey()
  @ApiParam({ name: 'id', description: '`@current`, or the id of the key in use.' })
  @ApiOperation({
    operationId: 'personal_api_keys_retrieve',
    summary: 'Describe the key in use',
    description: 'With `@current`, or the key’s own id.',
  })
  @ApiOkResponse({ type: PersonalApiKeyDescription })
  @ApiErrors(notFound())
  retrieve(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<PersonalApiKeyView> {
    if (caller.credential.kind !== 'personal_key') throw notFound()
    if (id !== '@current' && id !== caller.credential.id) throw notFound()
    return this.keys.one(caller.credential.id)
  }

  // A key cannot create, list, change or delete keys: these routes answer every key with 403.

  @Get()
  @NoKeys()
  @ApiExcludeEndpoint()
  list(): void {}

  @Post()
  @NoKeys()
  @ApiExcludeEndpoint()
  create(): void {}

  @Put(':id')
  @NoKeys()
  @ApiExcludeEndpoint()
  replace(): void {}

  @Patch(':id')
  @NoKeys()
  @ApiExcludeEndpoint()
  update(): void {}

  @Delete(':id')
  @NoKeys()
  @ApiExcludeEndpoint()
  revoke(): void {}

  @Post(':id/roll')
  @NoKeys()
  @ApiExcludeEndpoint()
  roll(): void {}
}
