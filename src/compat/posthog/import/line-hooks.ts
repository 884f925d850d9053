import type { HookChain } from '../../../hooks/index.js'
import type { MembersService } from '../../../members/index.js'
import { type CreateOrganization, UpdateOrganization } from '../../../organizations/index.js'
import { operator } from '../../../platform/cli/operator.js'
import type { Transaction } from '../../../platform/database/database.js'
import { fieldsOf } from '../../../platform/http/dto-shape.js'
import type { Entry } from './batch-lines.js'
import type { Row } from './posthog-rows.js'

/** Asks about a line before it is taken. @throws what a hook vetoes with */
type Ask<Asked> = (line: Asked) => Promise<void>

/** Asks the hooks of plugins about lines of a file. Undefined where there is nobody to ask. */
export class LineHooks {
  constructor(
    private readonly hooks: HookChain,
    private readonly members: MembersService,
  ) {}

  forOrganizations(tx: Transaction): Ask<Entry<'organization'>> | undefined {
    if (!this.hooks.has('beforeCreate')) return undefined
    return ({ row }) => this.hooks.run('beforeCreate', tx, actorIn(row.id), wantedBy(row))
  }

  forMemberships(tx: Transaction): Ask<Entry<'membership'> & { user_id: number }> | undefined {
    if (!this.hooks.has('beforeJoin')) return undefined
    return ({ row: { organization_id, level }, user_id }) =>
      this.members.askToJoin(tx, actorIn(organization_id), { user_id, level })
  }
}

const actorIn = (organization_id: string) => ({ ...operator, organization_id })

/** What a POST would ask for. */
function wantedBy(row: Row<'organization'>): CreateOrganization {
  const settings = Object.entries(row).filter(
    ([field, value]) => fieldsOf(UpdateOrganization).includes(field) && value !== undefined,
  )
  return Object.fromEntries(settings) as unknown as CreateOrganization
}
