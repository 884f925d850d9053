import type { Transaction } from '../../../platform/database/database.js'
import type { BatchLines, Entry } from './batch-lines.js'
import { usersByUuid } from './existing-rows.js'
import { columns } from './posthog-rows.js'
import { insertRows, roundsOf } from './set-statements.js'
import type { UserNumbers } from './user-numbers.js'

/** The users of one batch. Tells which user here a number in the file means, at each line. */
export class BatchUsers {
  /** By their number in the file; each holds from its line on. */
  private readonly made = new Map<number, { line: number; id: number }>()

  /** @param before users of earlier batches, by their number in the file */
  constructor(
    private readonly tx: Transaction,
    private readonly lines: BatchLines,
    private readonly before: UserNumbers,
  ) {}

  /** Matches people by uuid. A number that belongs to somebody else here is replaced. */
  async place(): Promise<void> {
    const keysOf = ({ row: { id, uuid, email } }: Entry<'user'>) =>
      [`id ${id}`, `uuid ${uuid}`, email && `email ${email.toLowerCase()}`].filter(Boolean)
    for (const round of roundsOf(this.lines.entries.user, keysOf)) {
      const known = await this.here(round)
      const fresh = round.filter((entry) => {
        const { id, uuid } = entry.row
        const [before, here] = [this.userOf(id, entry.line), known.get(uuid)]
        if (before !== undefined && before !== here)
          this.lines.refuse(entry, `user ${id} is somebody else before this line`)
        else if (here !== undefined) this.take(entry, here, false)
        else return true
        return false
      })
      await this.lines.together(this.tx, fresh, (users) => this.create(users))
    }
  }

  /** The entries whose user is known here; the others are refused. */
  withUser<Type extends 'membership' | 'personal_api_key'>(
    entries: readonly Entry<Type>[],
  ): (Entry<Type> & { user_id: number })[] {
    return entries.flatMap((entry) => {
      const from = entry.row.user_id
      const user_id = this.userOf(from, entry.line)
      if (user_id !== undefined) return [{ ...entry, user_id }]
      this.lines.refuse(entry, `user ${from} is not in this file before this line, or was refused`)
      return []
    })
  }

  /** Call this after the commit: until then the transaction may run again and give other numbers. */
  remember(): void {
    for (const [from, { id }] of this.made) this.before.set(from, id)
  }

  private async create(entries: readonly Entry<'user'>[]): Promise<void> {
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
    // Another import may have inserted them at the same moment.
    const meanwhile = await this.here(missing())
    for (const entry of entries) {
      const id = created.get(entry.row.uuid) ?? meanwhile.get(entry.row.uuid)
      if (id === undefined) this.lines.refuse(entry, 'another user has this email address')
      else this.take(entry, id, created.has(entry.row.uuid))
    }
  }

  private take(entry: Entry<'user'>, to: number, created: boolean): void {
    const { id: from } = entry.row
    if (this.userOf(from, entry.line) === undefined) this.made.set(from, { line: entry.line, id: to })
    this.lines.take('user', entry, created, from === to ? undefined : { from, to })
  }

  private here(entries: readonly Entry<'user'>[]): Promise<Map<string, number>> {
    return usersByUuid(
      this.tx,
      entries.map(({ row }) => row.uuid),
    )
  }

  /** Undefined if the file does not say who the number is. */
  private userOf(from: number, line: number): number | undefined {
    const made = this.made.get(from)
    return this.before.get(from) ?? (made && made.line <= line ? made.id : undefined)
  }
}
