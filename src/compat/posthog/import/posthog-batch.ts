import { COUNTS, MAX_KEYS } from '../../../identity/index.js'
import { memberJoined } from '../../../members/index.js'
import { organizationCreated } from '../../../organizations/index.js'
import type { Transaction } from '../../../platform/database/database.js'
import { projectCreated } from '../../../projects/index.js'
import { BatchLines, type Entry } from './batch-lines.js'
import { BatchUsers } from './batch-users.js'
import { existingRows, useIndexes } from './existing-rows.js'
import { freeSlugs } from './free-slugs.js'
import { importerIn } from './importer.js'
import type { Outcome } from './import-report.js'
import type { LineHooks } from './line-hooks.js'
import type { Line } from './lines.js'
import { columns } from './posthog-rows.js'
import { insertRows, roundsOf } from './set-statements.js'
import type { UserNumbers } from './user-numbers.js'

interface CreatedMembership {
  organization_id: string
  id: string
  user_id: number
  level: number
}

/**
 * Imports some lines of a file with a few statements for each type. A line may refer to a later line of the same batch,
 * except to a user: a number means a person only from that person’s line on.
 */
export class PostHogBatch {
  private readonly lines: BatchLines
  private readonly users: BatchUsers

  /** @param users users of earlier batches, by their number in the file */
  constructor(
    private readonly tx: Transaction,
    lines: readonly Line[],
    users: UserNumbers,
    private readonly hooks: LineHooks,
  ) {
    this.lines = new BatchLines(lines)
    this.users = new BatchUsers(tx, this.lines, users)
  }

  /** Refuses a line that cannot be imported, and only that line. */
  async import(): Promise<Outcome[]> {
    await useIndexes(this.tx)
    await this.users.place()
    await this.placeOrganizations()
    await this.placeMemberships()
    await this.placeProjects()
    await this.placeKeys()
    return this.lines.outcomes
  }

  /** Call this after the commit: until then the transaction may run again and give other numbers. */
  remember(): void {
    this.users.remember()
  }

  private async placeOrganizations(): Promise<void> {
    const keysOf = ({ row: { id, slug } }: Entry<'organization'>) => [`id ${id}`, ...(slug ? [`slug ${slug}`] : [])]
    for (const round of roundsOf(this.lines.entries.organization, keysOf)) {
      const known = await existingRows(
        this.tx,
        'organizations',
        'id',
        round.map(({ row }) => row.id),
      )
      const given = round.flatMap(({ row: { slug } }) => (slug ? [slug] : []))
      const taken = await existingRows(this.tx, 'organization_slugs', 'slug', given)
      const fresh = round.filter((entry) => {
        if (known.has(entry.row.id)) this.lines.take('organization', entry, false)
        else if (entry.row.slug && taken.has(entry.row.slug))
          this.lines.refuse(entry, 'another organization has this slug')
        else return true
        return false
      })
      const slugs = await freeSlugs(
        this.tx,
        fresh.filter(({ row }) => !row.slug).map(({ row }) => row),
      )
      const place = async (organizations: readonly Entry<'organization'>[]) => {
        const rows = organizations.map(({ row }) =>
          columns.organization({ ...row, slug: row.slug || slugs.get(row.id)! }),
        )
        await insertRows(this.tx, 'organization', rows)
        await this.tx.manager.query(
          'insert into organization_slugs (slug, organization_id) select slug, id from unnest($1::text[], $2::uuid[]) made (slug, id)',
          [rows.map(({ slug }) => slug), rows.map(({ id }) => id)],
        )
        for (const entry of organizations) {
          const { id, name } = entry.row
          this.tx.publish(organizationCreated(importerIn(id), { item_id: id, payload: { name } }))
          this.lines.take('organization', entry, true)
        }
      }
      await this.lines.together(this.tx, fresh, place, this.hooks.forOrganizations(this.tx))
    }
  }

  /** Writes both rows of a membership, as the members’ service does. */
  private async placeMemberships(): Promise<void> {
    const keysOf = ({ row }: Entry<'membership'>) => [
      `user ${row.organization_id} ${row.user_id}`,
      `id ${row.organization_id} ${row.id}`,
    ]
    const entries = await this.ofOrganizations(this.users.withUser(this.lines.entries.membership))
    for (const round of roundsOf(entries, keysOf)) {
      const place = async (memberships: readonly (typeof entries)[number][]) => {
        const created = await insertRows<CreatedMembership>(
          this.tx,
          'membership',
          memberships.map(({ row, user_id }) => ({ ...columns.membership(row), user_id })),
          'on conflict (organization_id, user_id) do nothing returning organization_id, id, user_id, level',
        )
        await this.enterDirectory(created)
        for (const { organization_id, id, user_id, level } of created)
          this.tx.publish(memberJoined(importerIn(organization_id), { item_id: id, payload: { user_id, level } }))
        const made = new Set(created.map(({ organization_id, user_id }) => `${organization_id} ${user_id}`))
        for (const entry of memberships)
          this.lines.take('membership', entry, made.has(`${entry.row.organization_id} ${entry.user_id}`))
      }
      await this.lines.together(this.tx, round, place, this.hooks.forMemberships(this.tx))
    }
  }

  private async enterDirectory(memberships: readonly CreatedMembership[]): Promise<void> {
    if (memberships.length === 0) return
    const organizations = memberships.map(({ organization_id }) => organization_id)
    // As text, to keep the microseconds.
    const created = await existingRows<string, string>(
      this.tx,
      'organizations',
      'id',
      organizations,
      'created_at::text',
    )
    await this.tx.manager.query(
      `insert into user_organizations (user_id, organization_id, organization_created_at)
       select * from unnest($1::integer[], $2::uuid[], $3::timestamptz[]) on conflict do nothing`,
      [memberships.map(({ user_id }) => user_id), organizations, organizations.map((id) => created.get(id))],
    )
  }

  /** A project number belongs to one organization only. */
  private async placeProjects(): Promise<void> {
    const entries = await this.ofOrganizations(this.lines.entries.project)
    for (const round of roundsOf(entries, ({ row }) => [`id ${row.id}`])) {
      const owners = await existingRows<number, string>(
        this.tx,
        'projects',
        'id',
        round.map(({ row }) => row.id),
        'organization_id',
      )
      const fresh = round.filter((entry) => {
        const owner = owners.get(entry.row.id)
        if (owner === entry.row.organization_id) this.lines.take('project', entry, false)
        else if (owner !== undefined) this.lines.refuse(entry, `project ${entry.row.id} is another organization’s here`)
        return owner === undefined
      })
      await this.lines.together(this.tx, fresh, async (projects) => {
        await insertRows(
          this.tx,
          'project',
          projects.map(({ row }) => columns.project(row)),
        )
        for (const entry of projects) {
          const { organization_id, id, name } = entry.row
          this.tx.publish(projectCreated(importerIn(organization_id), { item_id: id, payload: { name } }))
          this.lines.take('project', entry, true)
        }
      })
    }
  }

  /** Gives no user more keys than the service would. */
  private async placeKeys(): Promise<void> {
    const keysOf = ({ row }: Entry<'personal_api_key'>) => [`id ${row.id}`, `value ${row.secure_value}`]
    for (const round of roundsOf(this.users.withUser(this.lines.entries.personal_api_key), keysOf)) {
      const owners = await existingRows<string, number>(
        this.tx,
        'personal_api_keys',
        'id',
        round.map(({ row }) => row.id),
        'user_id',
      )
      const values = round.map(({ row }) => row.secure_value)
      const taken = await existingRows(this.tx, 'personal_api_keys', 'secure_value', values)
      const counts = await this.keysOf(round.map(({ user_id }) => user_id))
      const fresh = round.filter((entry) => {
        const { row, user_id } = entry
        const [owner, others] = [owners.get(row.id), counts.get(user_id) ?? 0]
        if (owner === user_id) this.lines.take('personal_api_key', entry, false)
        else if (owner !== undefined) this.lines.refuse(entry, 'another key has this id')
        else if (taken.has(row.secure_value)) this.lines.refuse(entry, 'another key has this value')
        else if (others >= MAX_KEYS) this.lines.refuse(entry, `user ${row.user_id} has ${MAX_KEYS} keys already`)
        else return counts.set(user_id, others + 1)
        return false
      })
      await this.lines.together(this.tx, fresh, async (keys) => {
        const rows = keys.map(({ row, user_id }) => ({ ...columns.personal_api_key(row), user_id }))
        await insertRows(this.tx, 'personal_api_key', rows)
        for (const entry of keys) this.lines.take('personal_api_key', entry, true)
      })
    }
  }

  /** How many keys each user has. Locks the users, as the service does, so that nobody adds a key meanwhile. */
  private async keysOf(userIds: number[]): Promise<Map<number, number>> {
    const ids = [[...new Set(userIds)]]
    await this.tx.manager.query('select 1 from users where id = any($1) order by id for update', ids)
    const rows: { user_id: number; keys: number }[] = await this.tx.manager.query(
      `select user_id, count(*)::integer as keys from personal_api_keys
       where user_id = any($1) and ${COUNTS} group by user_id`,
      ids,
    )
    return new Map(rows.map(({ user_id, keys }) => [user_id, keys]))
  }

  private async ofOrganizations<Of extends Entry<'membership'> | Entry<'project'>>(
    entries: readonly Of[],
  ): Promise<Of[]> {
    const ids = [...new Set(entries.map(({ row }) => row.organization_id))]
    const known = await existingRows(this.tx, 'organizations', 'id', ids)
    return entries.filter((entry) => {
      const { organization_id } = entry.row
      if (known.has(organization_id)) return true
      this.lines.refuse(entry, `refers to something that does not exist (organization ${organization_id})`)
      return false
    })
  }
}
