import { defineScope } from '../access/index.js'
import { HooksModule } from '../hooks/index.js'
import { MembersModule } from '../members/index.js'
import { PolityPlugin } from '../plugin.js'
import { ProjectsModule } from '../projects/index.js'
import { Foundation1761955200000 } from './migrations/1761955200000-foundation.js'
import { PartialIndexes1764700000000 } from './migrations/1764700000000-partial-indexes.js'
import { DirectoryTables1765100000000 } from './migrations/1765100000000-directory-tables.js'
import { CustomFields1765300000000 } from './migrations/1765300000000-custom-fields.js'
import { Organization } from './organization.entity.js'
import * as events from './organization.events.js'
import { OrganizationFeatures } from './organization-features.js'
import { OrganizationFields } from './organization-fields.js'
import { OrganizationTables } from './organization-tables.js'
import { addOrganizations } from './organizations.commands.js'
import { OrganizationsController } from './organizations.controller.js'
import { OrganizationsPurge } from './organizations-purge.js'
import { OrganizationQueries } from './organizations.queries.js'
import { OrganizationsService } from './organizations.service.js'
import { organizationsSettings } from './organizations.settings.js'

/** Organizations: their settings, their deletion, and the purge of all that belongs to them. */
@PolityPlugin({
  imports: [HooksModule, MembersModule, ProjectsModule],
  entities: [Organization],
  controllers: [OrganizationsController],
  providers: [
    OrganizationsService,
    OrganizationFeatures,
    OrganizationFields,
    OrganizationQueries,
    OrganizationsPurge,
    OrganizationTables,
  ],
  exports: [OrganizationsService, OrganizationsPurge],
  scopes: [
    defineScope('organization', { read: 'See organizations', write: 'Create, change and delete organizations' }),
    defineScope('activity_log', {
      read: 'See what happened in organizations',
      write: 'Change the log of what happened in organizations',
    }),
  ],
  events: Object.values(events),
  settings: organizationsSettings,
  migrations: [
    Foundation1761955200000,
    PartialIndexes1764700000000,
    DirectoryTables1765100000000,
    CustomFields1765300000000,
  ],
  commands: [addOrganizations],
})
export class OrganizationsModule {}
