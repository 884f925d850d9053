import type { HookChain } from '../../../hooks/index.js'
import type { MembersService } from '../../../members/index.js'
import { settingsOf } from '../../../organizations/organization-changes.js'
import type { Transaction } from '../../../platform/database/database.js'
import type { Entry } from './batch-lines.js'
import { importerIn } from './importer.js'

/** Runs the hooks for a line before it is written. @throws the veto of a hook */
type Ask<Asked> = (line: Asked) => Promise<void>

/** Runs the hooks of plugins for lines of a file. A member is undefined if no plugin has that hook. */
export class LineHooks {
  constructor(
    private readonly hooks: HookChain,
    private readonly members: MembersService,
  ) {}

  forOrganizations(tx: Transaction): Ask<Entry<'organization'>> | undefined {
    if (!this.hooks.has('beforeCreate')) return undefined
    // As if the row were the body of a POST.
    return ({ row }) => this.hooks.run('beforeCreate', tx, importerIn(row.id), settingsOf(row))
  }

  forMemberships(tx: Transaction): Ask<Entry<'membership'> & { user_id: number }> | undefined {
    if (!this.hooks.has('beforeJoin')) return undefined
    return ({ row: { organization_id, level }, user_id }) =>
      this.members.askToJoin(tx, importerIn(organization_id), { user_id, level })
  }
}
