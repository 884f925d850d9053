import { Module } from '@nestjs/common'
import { OrganizationsModule } from '../organizations/index.js'
import { CurrentUserController } from './current-user.controller.js'
import { CurrentUserService } from './current-user.service.js'

@Module({ imports: [OrganizationsModule], controllers: [CurrentUserController], providers: [CurrentUserService] })
export class CurrentUserModule {}
