import { Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { PersonalApiKey } from './personal-api-key.entity.js'
import { PersonalApiKeysController } from './personal-api-keys.controller.js'
import { PersonalApiKeysService } from './personal-api-keys.service.js'

/** The keys with which people and their programs call the API. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([PersonalApiKey])],
  controllers: [PersonalApiKeysController],
  providers: [PersonalApiKeysService],
  exports: [PersonalApiKeysService],
})
export class PersonalApiKeysModule {}
