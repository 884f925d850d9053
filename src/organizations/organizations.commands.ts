import { OrganizationsService } from './organizations.service.js'
import { operator } from '../platform/cli/operator.js'
import { isUuid } from '../platform/values/stored-values.js'
import { notFound } from '../platform/http/http.errors.js'
import type { AddCommands } from '../platform/cli/command.js'
import { findUser } from '../identity/index.js'

export const addOrganizations: AddCommands = (program, { withServices, print, printAll }) => {
  const organizations = program.command('organizations').description('manage organizations')
  organizations
    .command('create')
    .description('create an organization with its first project')
    .requiredOption('--name <name>', 'up to 64 characters')
    .requiredOption('--owner <id-or-email>', 'the user who owns it; it becomes their current organization')
    .action(async ({ name, owner }: { name: string; owner: string }) => {
      const created = await withServices(async (services) => {
        const user = await findUser(services, owner)
        return services.get(OrganizationsService).create({ ...operator, user }, { name: name.trim() })
      })
      const { id, slug, name: given } = created.parse()
      await print({ id, slug, name: given }, () => `Created ${given}, ${id}.`)
    })
  organizations
    .command('list')
    .description('list all organizations in the order of their ids, which is that of their creation')
    .action(() =>
      withServices((services) =>
        printAll(
          services.get(OrganizationsService).all(),
          (row) => `${row.id}  ${row.slug}  ${row.name}${row.deletion_requested_at ? '  (being deleted)' : ''}`,
          'No organizations.',
        ),
      ),
    )
  organizations
    .command('restore <id>')
    .description('bring back an organization that is being deleted')
    .action(async (id: string) => {
      if (!isUuid(id)) throw notFound()
      const actor = { ...operator, organization_id: id.toLowerCase() }
      const restored = await withServices((services) => services.get(OrganizationsService).restore(actor))
      const { name } = restored.parse()
      await print({ id: actor.organization_id, name }, () => `Restored ${name}.`)
    })
}
