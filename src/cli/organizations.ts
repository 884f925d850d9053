import type { Command } from 'commander'
import { Organization, OrganizationsService } from '../organizations/index.js'
import { Database } from '../platform/database/database.js'
import { isUuid } from '../platform/values/stored-values.js'
import { notFound } from '../platform/http/http.errors.js'
import type { CommandContext } from './run.js'

export function addOrganizations(program: Command, { withServices, print }: CommandContext): void {
  const organizations = program.command('organizations').description('look after organizations')
  organizations
    .command('list')
    .description('list all organizations, oldest first')
    .action(async () => {
      const found = await withServices((services) =>
        services
          .get(Database)
          .dataSource.getRepository(Organization)
          .find({ order: { created_at: 'ASC', id: 'ASC' } }),
      )
      const rows = found.map(({ id, slug, name, is_active, deletion_requested_at }) => ({
        id,
        slug,
        name,
        is_active,
        deletion_requested_at,
      }))
      print(
        rows,
        (all) =>
          all
            .map((row) => `${row.id}  ${row.slug}  ${row.name}${row.deletion_requested_at ? '  (being deleted)' : ''}`)
            .join('\n') || 'No organizations.',
      )
    })
  organizations
    .command('restore <id>')
    .description('bring back an organization that is being deleted')
    .action(async (id: string) => {
      if (!isUuid(id)) throw notFound()
      const actor = { organization_id: id, user_id: 0, request_id: 'cli' }
      const restored = await withServices((services) => services.get(OrganizationsService).restore(actor))
      const { name } = restored.parse()
      print({ id, name }, ({ name }) => `Restored ${name}.`)
    })
}
