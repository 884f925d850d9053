import { type OrganizationActor, systemActor } from '../../../platform/events/domain-event.js'

const importer = systemActor('import')

/** The import as hooks and events name it: listeners tell by it what came with a file. */
export const importerIn = (organization_id: string): OrganizationActor => ({ ...importer, organization_id })
