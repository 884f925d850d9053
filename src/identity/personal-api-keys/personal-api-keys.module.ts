import { Global } from '@nestjs/common'
import { PolityPlugin } from '../../plugin.js'
import { PersonalApiKey } from './personal-api-key.entity.js'
import { addKeys } from './personal-api-keys.commands.js'
import { PersonalApiKeysController } from './personal-api-keys.controller.js'
import { PersonalApiKeysService } from './personal-api-keys.service.js'

/** The keys that people and their programs call the API with. */
@Global()
@PolityPlugin({
  entities: [PersonalApiKey],
  controllers: [PersonalApiKeysController],
  providers: [PersonalApiKeysService],
  exports: [PersonalApiKeysService],
  commands: [addKeys],
})
export class PersonalApiKeysModule {}
