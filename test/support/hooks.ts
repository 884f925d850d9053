import { ForbiddenException, Injectable } from '@nestjs/common'
import { randomInt } from 'node:crypto'
import type { MigrationInterface, QueryRunner } from 'typeorm'
import {
  type CreateOrganization,
  defineError,
  type HookActor,
  type HookedMember,
  MembershipLevel,
  type OrganizationChanges,
  OrganizationHooks,
  OrganizationMembership,
  ProjectsModule,
  ProjectsService,
  type Transaction,
} from '../../src/index.js'
import type { TestServer } from './kit.js'
import { pluginOf } from './plugin.js'

/** How many members the quota lets in. */
export const SEATS = 3

export const SEATS_SENTENCE = `This organization has ${SEATS} seats.`

const noSeatLeft = defineError({
  status: 400,
  type: 'validation_error',
  code: 'no_seat_left',
  attr: 'user_id',
  detail: SEATS_SENTENCE,
})

class CreateAsked1767000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create table asked (organization_id uuid not null, at bigint generated always as identity, by text, hook text, told jsonb)',
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table asked')
  }
}

/** Keeps, in the transaction that asks, what a hook was asked. */
async function note(tx: Transaction, { organization_id, credential, user }: HookActor, hook: string, told?: unknown) {
  const by = `${credential.kind} ${user ? 'person' : 'nobody'}`
  await tx.manager.query('insert into asked (organization_id, by, hook, told) values ($1, $2, $3, $4)', [
    organization_id,
    by,
    hook,
    told === undefined ? null : JSON.stringify(told),
  ])
}

/** Counts members, and refuses what is called Forbidden. */
@Injectable()
export class SeatQuota extends OrganizationHooks {
  constructor(private readonly projects: ProjectsService) {
    super()
  }

  override async beforeCreate(tx: Transaction, actor: HookActor, organization: CreateOrganization): Promise<void> {
    await note(tx, actor, 'quota.beforeCreate', organization)
    if (organization.name.startsWith('Forbidden')) throw noSeatLeft({}, { attr: 'name' })
    // A service that works in the same transaction fails: there is no organization yet.
    if (organization.name.startsWith('Hasty'))
      await this.projects.create(actor, { id: randomInt(1_000_000, 1_000_000_000), name: 'Too early' })
  }

  override async beforeUpdate(tx: Transaction, actor: HookActor, changes: OrganizationChanges): Promise<void> {
    await note(tx, actor, 'quota.beforeUpdate', changes)
  }

  override async beforeJoin(tx: Transaction, actor: HookActor, member: HookedMember): Promise<void> {
    await note(tx, actor, 'quota.beforeJoin', member)
    const { organization_id } = actor
    if ((await tx.manager.countBy(OrganizationMembership, { organization_id })) >= SEATS) throw noSeatLeft()
  }

  override async beforeRemove(tx: Transaction, actor: HookActor, member: HookedMember): Promise<void> {
    await note(tx, actor, 'quota.beforeRemove', member)
    if (member.level === MembershipLevel.Owner) throw new ForbiddenException('The owner stays.')
  }
}

/** Freezes organizations that are called Frozen. */
@Injectable()
class Freezer implements OrganizationHooks {
  async beforeUpdate(tx: Transaction, actor: HookActor, changes: OrganizationChanges): Promise<void> {
    await note(tx, actor, 'freezer.beforeUpdate', changes)
    if (changes.name?.before === 'Frozen') throw new ForbiddenException('Frozen organizations do not change.')
  }

  async beforeDelete(tx: Transaction, actor: HookActor): Promise<void> {
    await note(tx, actor, 'freezer.beforeDelete')
    if (await this.isFrozen(tx, actor)) throw new ForbiddenException('Frozen organizations stay.')
  }

  async beforeRestore(tx: Transaction, actor: HookActor): Promise<void> {
    await note(tx, actor, 'freezer.beforeRestore')
    if (await this.isFrozen(tx, actor)) throw new ForbiddenException('Frozen organizations stay deleted.')
  }

  private async isFrozen(tx: Transaction, { organization_id }: HookActor): Promise<boolean> {
    const [{ name }] = await tx.manager.query('select name from organizations where id = $1', [organization_id])
    return name === 'Frozen'
  }
}

/** Two plugins with hooks, in this order. */
export const hookPlugins = [
  pluginOf({ imports: [ProjectsModule], hooks: [SeatQuota], migrations: [CreateAsked1767000000002] }, 'SeatsModule'),
  pluginOf({ hooks: [Freezer] }, 'FreezerModule'),
]

/** A question to a hook. */
interface Asked {
  hook: string
  by: string
  told: Record<string, unknown> | null
}

/** What hooks were asked about an organization, and what was committed of it. */
export const asked = (server: TestServer, organization_id: string): Promise<Asked[]> =>
  server.database.dataSource.query('select hook, by, told from asked where organization_id = $1 order by at', [
    organization_id,
  ])

/** How much hooks were ever asked. */
export async function askedInAll(server: TestServer): Promise<number> {
  const [{ count }] = await server.database.dataSource.query('select count(*)::integer as count from asked')
  return count
}
