export { BasicOrganizationView, CreateOrganization, OrganizationView, UpdateOrganization } from './organization.dto.js'
export { Organization } from './organization.entity.js'
export {
  defineOrganizationField,
  ORGANIZATION_FIELDS,
  type OrganizationField,
  OrganizationFields,
} from './organization-fields.js'
export { ORGANIZATION_TABLES } from './organization-tables.js'
export * from './organization.events.js'
export { OrganizationsModule } from './organizations.module.js'
export { OrganizationsPurge, type PurgeStep } from './organizations-purge.js'
export { OrganizationsService } from './organizations.service.js'
