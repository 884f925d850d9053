import { Injectable } from '@nestjs/common'
import { holdOpenOrganization, MembershipLevel } from '../../../access/index.js'
import { identityLinked, identityUnlinked, type User, UsersService } from '../../../identity/index.js'
import { MembersService } from '../../../members/index.js'
import type { Transaction } from '../../../platform/database/database.js'
import type { Actor } from '../../../platform/events/domain-event.js'
import { cutText, isSameEmail } from '../../../platform/values/stored-values.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { OrganizationIntegration } from '../../integration.entity.js'
import { KIND, type VercelConfig, type VercelIntegration } from './vercel-installation.js'
import type { VercelUser } from './vercel-tokens.js'

/** An integration, as its row is now. */
type Held = Pick<VercelIntegration, 'organization_id' | 'id' | 'config'>

/** Maps Vercel's users to our users. */
@Injectable()
export class VercelPeople {
  constructor(
    private readonly installations: IntegrationInstallations,
    private readonly users: UsersService,
    private readonly members: MembersService,
  ) {}

  /** Our user for a Vercel user: `unlinked` if they have an account of their own here, `left` if they are no longer a member. */
  async person(
    tx: Transaction,
    by: Actor,
    { organization_id, id, config }: VercelIntegration,
    { user_id, user_email, user_name }: VercelUser,
  ): Promise<User | 'unlinked' | 'left'> {
    const known = await this.known(tx, { organization_id, config }, user_id)
    if (known) return known
    const integration = await this.hold(tx, organization_id, id)
    if (!integration) return 'left'
    const mapped = await this.known(tx, integration, user_id)
    if (mapped) return mapped
    const before = integration.config.user_mappings?.[user_id]
    if (before !== undefined) {
      await this.map(tx, by, integration, user_id, undefined)
      if (await this.users.byId(before, tx)) {
        tx.publish(identityUnlinked(by, before, { provider: KIND, organization_id }))
        return 'left'
      }
    }
    if (await this.users.byEmail(user_email, tx)) return 'unlinked'
    const newUser = { email: user_email, first_name: cutText(user_name ?? '', 150) }
    const user = await this.users.create(tx.for(by), newUser)
    await this.join(tx, { ...by, user }, integration, user, user_id)
    return user
  }

  /** Makes the user a member if they are not one yet, and maps Vercel's user to them. */
  async link(
    tx: Transaction,
    by: Actor,
    { organization_id, id }: VercelIntegration,
    user: User,
    vercelUserId: string,
  ): Promise<void> {
    const integration = await this.hold(tx, organization_id, id)
    if (integration) await this.join(tx, by, integration, user, vercelUserId)
  }

  /** A user who is mapped, active and a member. Nothing changes for them, so they get in whatever the organization's state. */
  private async known(
    tx: Transaction,
    { organization_id, config }: Pick<Held, 'organization_id' | 'config'>,
    vercelUserId: string,
  ): Promise<User | undefined> {
    const mapped = config.user_mappings?.[vercelUserId]
    const user = mapped === undefined ? null : await this.users.byId(mapped, tx)
    return user?.is_active && (await this.isMember(tx, organization_id, user)) ? user : undefined
  }

  private async join(tx: Transaction, by: Actor, integration: Held, user: User, vercelUserId: string): Promise<void> {
    const { organization_id } = integration
    if (!(await this.isMember(tx, organization_id, user)))
      await this.members.add(tx.for({ ...by, organization_id }), user.id, levelOf(integration, user.email))
    await this.map(tx, by, integration, vercelUserId, user.id)
    tx.publish(identityLinked(by, user.id, { provider: KIND, organization_id }))
    await this.users.switchTo(tx, user.id, organization_id, null)
  }

  /** If several people sign in at once, each one sees whom the previous one was mapped to. */
  private async hold(tx: Transaction, organization_id: string, id: string): Promise<Held | undefined> {
    await holdOpenOrganization(tx, organization_id)
    const row = await tx.lock(OrganizationIntegration, { organization_id, id })
    return row ? { organization_id, id, config: row.config as VercelConfig } : undefined
  }

  private async map(tx: Transaction, by: Actor, integration: Held, vercelUserId: string, id: number | undefined) {
    const { [vercelUserId]: _before, ...others } = integration.config.user_mappings ?? {}
    const user_mappings = id === undefined ? others : { ...others, [vercelUserId]: id }
    await this.installations.update(tx, by, integration, { config: { user_mappings } })
  }

  private async isMember(tx: Transaction, organization_id: string, { id }: User): Promise<boolean> {
    const rows = await tx.manager.query<unknown[]>(
      'select 1 from organization_memberships where organization_id = $1 and user_id = $2',
      [organization_id, id],
    )
    return rows.length > 0
  }
}

/** The level of a person who signs in from Vercel. The one who installed the integration owns the organization. */
const levelOf = (integration: Held, email: string): MembershipLevel =>
  isSameEmail(integration.config.account?.contact.email, email) ? MembershipLevel.Owner : MembershipLevel.Member
