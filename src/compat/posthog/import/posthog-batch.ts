import { COUNTS, MAX_KEYS } from '../../../identity/index.js'
import type { Transaction } from '../../../platform/database/database.js'
import { freeSlugs } from './free-slugs.js'
import type { Outcome } from './import-report.js'
import type { Line } from './lines.js'
import { columns, parseRow, Refusal, type Row, type RowType, rowTypes } from './posthog-rows.js'
import { insertRows, roundsOf, together } from './set-statements.js'
import type { UserNumbers } from './user-numbers.js'

/** A line that was understood. */
interface Entry<Type extends RowType> {
  line: number
  row: Row<Type>
}

type Entries = { [Type in RowType]: Entry<Type>[] }

/**
 * Some lines of a file, put where they belong with a few statements for each type. What one line refers to may stand in
 * a later line of the same batch, but for users: a number stands for a person from that person's line on.
 */
export class PostHogBatch {
  private readonly outcomes: Outcome[] = []
  private readonly entries = Object.fromEntries(rowTypes.map((type) => [type, []])) as unknown as Entries
  /** Users of this batch by their number in the file, each from a line on. */
  private readonly made = new Map<number, { line: number; id: number }>()

  /** @param users those of the batches before, by their number in the file */
  constructor(
    private readonly tx: Transaction,
    private readonly users: UserNumbers,
  ) {}

  /** A line that cannot be taken is refused alone. */
  async import(lines: readonly Line[]): Promise<Outcome[]> {
    for (const line of lines) this.read(line)
    // For the keys of a batch the planner would rather read a whole table, and take longer with every batch.
    await this.tx.manager.query('set local enable_seqscan to off')
    await this.placeUsers()
    await this.placeOrganizations()
    await this.placeMemberships()
    await this.placeProjects()
    await this.placeKeys()
    return this.outcomes.sort((one, other) => one.line - other.line)
  }

  /** Once the transaction has committed, and not before: it may run again and give other numbers. */
  remember(): void {
    for (const [from, { id }] of this.made) this.users.set(from, id)
  }

  private read({ number: line, text, fault }: Line): void {
    try {
      if (fault !== undefined) throw new Refusal(fault)
      const { type, row } = parseRow(text)
      ;(this.entries[type] as Entry<RowType>[]).push({ line, row })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.refuse({ line }, error.message)
    }
  }

  /** The same person has the same uuid; the number, where it is somebody else's, changes. */
  private async placeUsers(): Promise<void> {
    const keysOf = ({ row: { id, uuid, email } }: Entry<'user'>) =>
      [`id ${id}`, `uuid ${uuid}`, email && `email ${email.toLowerCase()}`].filter(Boolean)
    for (const round of roundsOf(this.entries.user, keysOf)) {
      const known = await this.usersOf(round)
      const fresh = round.filter((entry) => {
        const { id, uuid } = entry.row
        const [before, here] = [this.userOf(id, entry.line), known.get(uuid)]
        if (before !== undefined && before !== here) this.refuse(entry, `user ${id} is somebody else before this line`)
        else if (here !== undefined) this.takeUser(entry, here, false)
        else return true
        return false
      })
      await this.together(fresh, (users) => this.createUsers(users))
    }
  }

  private async createUsers(entries: readonly Entry<'user'>[]): Promise<void> {
    const created = new Map<string, number>()
    const insert = async (rows: Record<string, unknown>[]) => {
      const made = await insertRows<{ id: number; uuid: string }>(
        this.tx,
        'user',
        rows,
        'on conflict do nothing returning id, uuid',
      )
      for (const { id, uuid } of made) created.set(uuid, id)
    }
    const missing = () => entries.filter(({ row }) => !created.has(row.uuid))
    await insert(entries.map(({ row }) => columns.user(row)))
    await insert(missing().map(({ row }) => ({ ...columns.user(row), id: undefined })))
    // Another import may have brought them this very moment.
    const meanwhile = await this.usersOf(missing())
    for (const entry of entries) {
      const id = created.get(entry.row.uuid) ?? meanwhile.get(entry.row.uuid)
      if (id === undefined) this.refuse(entry, 'another user has this email address')
      else this.takeUser(entry, id, created.has(entry.row.uuid))
    }
  }

  private takeUser({ line, row: { id: from } }: Entry<'user'>, to: number, created: boolean): void {
    if (this.userOf(from, line) === undefined) this.made.set(from, { line, id: to })
    this.outcomes.push({ line, type: 'user', created, ...(from === to ? {} : { renumbered: { from, to } }) })
  }

  private async placeOrganizations(): Promise<void> {
    const keysOf = ({ row: { id, slug } }: Entry<'organization'>) => [`id ${id}`, ...(slug ? [`slug ${slug}`] : [])]
    for (const round of roundsOf(this.entries.organization, keysOf)) {
      const known = await this.existing(
        'organizations',
        'id',
        round.map(({ row }) => row.id),
      )
      const given = round.flatMap(({ row: { slug } }) => (slug ? [slug] : []))
      const taken = await this.existing('organization_slugs', 'slug', given)
      const fresh = round.filter((entry) => {
        if (known.has(entry.row.id)) this.take('organization', entry, false)
        else if (entry.row.slug && taken.has(entry.row.slug)) this.refuse(entry, 'another organization has this slug')
        else return true
        return false
      })
      const slugs = await freeSlugs(
        this.tx,
        fresh.filter(({ row }) => !row.slug).map(({ row }) => row),
      )
      await this.together(fresh, async (organizations) => {
        const rows = organizations.map(({ row }) =>
          columns.organization({ ...row, slug: row.slug || slugs.get(row.id)! }),
        )
        await insertRows(this.tx, 'organization', rows)
        await this.tx.manager.query(
          'insert into organization_slugs (slug, organization_id) select slug, id from unnest($1::text[], $2::uuid[]) made (slug, id)',
          [rows.map(({ slug }) => slug), rows.map(({ id }) => id)],
        )
        for (const entry of organizations) this.take('organization', entry, true)
      })
    }
  }

  /** Each stands twice, as the members' service writes it. */
  private async placeMemberships(): Promise<void> {
    const keysOf = ({ row }: Entry<'membership'>) => [
      `user ${row.organization_id} ${row.user_id}`,
      `id ${row.organization_id} ${row.id}`,
    ]
    for (const round of roundsOf(await this.ofOrganizations(this.ofUsers(this.entries.membership)), keysOf)) {
      await this.together(round, async (memberships) => {
        const created = await insertRows<{ organization_id: string; user_id: number }>(
          this.tx,
          'membership',
          memberships.map(({ row, user_id }) => ({ ...columns.membership(row), user_id })),
          'on conflict (organization_id, user_id) do nothing returning organization_id, user_id',
          (statement) => `with made as (${statement}), listed as (
              insert into user_organizations (user_id, organization_id, organization_created_at)
              select made.user_id, o.id, o.created_at from made join organizations o on o.id = made.organization_id
              on conflict do nothing
            ) select * from made`,
        )
        const made = new Set(created.map(({ organization_id, user_id }) => `${organization_id} ${user_id}`))
        for (const entry of memberships)
          this.take('membership', entry, made.has(`${entry.row.organization_id} ${entry.user_id}`))
      })
    }
  }

  /** A project's number is one organization's only. */
  private async placeProjects(): Promise<void> {
    const entries = await this.ofOrganizations(this.entries.project)
    for (const round of roundsOf(entries, ({ row }) => [`id ${row.id}`])) {
      const owners = await this.existing<number, string>(
        'projects',
        'id',
        round.map(({ row }) => row.id),
        'organization_id',
      )
      const fresh = round.filter((entry) => {
        const owner = owners.get(entry.row.id)
        if (owner === entry.row.organization_id) this.take('project', entry, false)
        else if (owner !== undefined) this.refuse(entry, `project ${entry.row.id} is another organization’s here`)
        return owner === undefined
      })
      await this.together(fresh, async (projects) => {
        await insertRows(
          this.tx,
          'project',
          projects.map(({ row }) => columns.project(row)),
        )
        for (const entry of projects) this.take('project', entry, true)
      })
    }
  }

  /** No user gets more than the service would give them. */
  private async placeKeys(): Promise<void> {
    const keysOf = ({ row }: Entry<'personal_api_key'>) => [`id ${row.id}`, `value ${row.secure_value}`]
    for (const round of roundsOf(this.ofUsers(this.entries.personal_api_key), keysOf)) {
      const owners = await this.existing<string, number>(
        'personal_api_keys',
        'id',
        round.map(({ row }) => row.id),
        'user_id',
      )
      const values = round.map(({ row }) => row.secure_value)
      const taken = await this.existing('personal_api_keys', 'secure_value', values)
      const counts = await this.keysOf(round.map(({ user_id }) => user_id))
      const fresh = round.filter((entry) => {
        const { row, user_id } = entry
        const [owner, others] = [owners.get(row.id), counts.get(user_id) ?? 0]
        if (owner === user_id) this.take('personal_api_key', entry, false)
        else if (owner !== undefined) this.refuse(entry, 'another key has this id')
        else if (taken.has(row.secure_value)) this.refuse(entry, 'another key has this value')
        else if (others >= MAX_KEYS) this.refuse(entry, `user ${row.user_id} has ${MAX_KEYS} keys already`)
        else return counts.set(user_id, others + 1)
        return false
      })
      await this.together(fresh, async (keys) => {
        const rows = keys.map(({ row, user_id }) => ({ ...columns.personal_api_key(row), user_id }))
        await insertRows(this.tx, 'personal_api_key', rows)
        for (const entry of keys) this.take('personal_api_key', entry, true)
      })
    }
  }

  /** How many keys each has. Their rows are held, as the service holds them, against another key at the same moment. */
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

  private async usersOf(entries: readonly Entry<'user'>[]): Promise<Map<string, number>> {
    return this.existing(
      'users',
      'uuid',
      entries.map(({ row }) => row.uuid),
      'id',
    )
  }

  /** Those of these keys that a table has, with what it says of each in another column. */
  private async existing<Key extends string | number, Value = Key>(
    table: string,
    key: string,
    keys: readonly Key[],
    value = key,
  ): Promise<Map<Key, Value>> {
    if (keys.length === 0) return new Map()
    const rows: { key: Key; value: Value }[] = await this.tx.manager.query(
      `select ${key} as key, ${value} as value from ${table} where ${key} = any($1)`,
      [keys],
    )
    return new Map(rows.map(({ key, value }) => [key, value]))
  }

  /** The user here that a number means in a line; undefined where, here, it may be anybody. */
  private userOf(from: number, line: number): number | undefined {
    const made = this.made.get(from)
    return this.users.get(from) ?? (made && made.line <= line ? made.id : undefined)
  }

  private ofUsers<Type extends 'membership' | 'personal_api_key'>(
    entries: readonly Entry<Type>[],
  ): (Entry<Type> & { user_id: number })[] {
    return entries.flatMap((entry) => {
      const from = entry.row.user_id
      const user_id = this.userOf(from, entry.line)
      if (user_id !== undefined) return [{ ...entry, user_id }]
      this.refuse(entry, `user ${from} is not in this file before this line, or was refused`)
      return []
    })
  }

  private async ofOrganizations<Of extends Entry<'membership'> | Entry<'project'>>(
    entries: readonly Of[],
  ): Promise<Of[]> {
    const ids = [...new Set(entries.map(({ row }) => row.organization_id))]
    const known = await this.existing('organizations', 'id', ids)
    return entries.filter((entry) => {
      const { organization_id } = entry.row
      if (known.has(organization_id)) return true
      this.refuse(entry, `refers to something that does not exist (organization ${organization_id})`)
      return false
    })
  }

  private together<Of extends { line: number }>(
    entries: readonly Of[],
    work: (entries: readonly Of[]) => Promise<void>,
  ): Promise<void> {
    return together(this.tx, entries, work, (entry, reason) => this.refuse(entry, reason))
  }

  private take(type: RowType, { line }: { line: number }, created: boolean): void {
    this.outcomes.push({ line, type, created })
  }

  private refuse({ line }: { line: number }, reason: string): void {
    this.outcomes.push({ line, reason })
  }
}
