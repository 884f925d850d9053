import { defineScope } from '../access/index.js'
import { PolityPlugin } from '../plugin.js'
import { ProjectNames1765400000000 } from './migrations/1765400000000-project-names.js'
import { ProjectNumbers1764500000000 } from './migrations/1764500000000-project-numbers.js'
import { Project } from './project.entity.js'
import * as events from './project.events.js'
import { ProjectsController } from './projects.controller.js'
import { ProjectsService } from './projects.service.js'

/** The projects of organizations. */
@PolityPlugin({
  entities: [Project],
  controllers: [ProjectsController],
  providers: [ProjectsService],
  exports: [ProjectsService],
  scopes: [defineScope('project', { read: 'See projects', write: 'Create and change projects' })],
  events: Object.values(events),
  migrations: [ProjectNumbers1764500000000, ProjectNames1765400000000],
  organizationTables: ['projects'],
})
export class ProjectsModule {}
