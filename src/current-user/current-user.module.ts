import { OrganizationsModule } from '../organizations/index.js'
import { PolityPlugin } from '../plugin.js'
import { CurrentUserController } from './current-user.controller.js'
import { CurrentUserService } from './current-user.service.js'

/** The person who calls, with their organizations. */
@PolityPlugin({ imports: [OrganizationsModule], controllers: [CurrentUserController], providers: [CurrentUserService] })
export class CurrentUserModule {}
