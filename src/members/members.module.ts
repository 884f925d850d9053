import { defineScope } from '../access/index.js'
import { HooksModule } from '../hooks/index.js'
import { PolityPlugin } from '../plugin.js'
import * as events from './member.events.js'
import { MembersService } from './members.service.js'
import { OrganizationMembership } from './member.entity.js'

/** Who belongs to an organization, and at which level. */
@PolityPlugin({
  imports: [HooksModule],
  entities: [OrganizationMembership],
  providers: [MembersService],
  exports: [MembersService],
  scopes: [
    defineScope('organization_member', {
      read: 'See the members of organizations',
      write: 'Change the members of organizations',
    }),
  ],
  events: Object.values(events),
  organizationTables: ['organization_memberships'],
})
export class MembersModule {}
