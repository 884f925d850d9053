export * from './member.events.js'
export { MembersModule } from './members.module.js'
export { MembersService } from './members.service.js'
export { OrganizationMembership } from './member.entity.js'
