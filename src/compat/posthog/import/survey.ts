import type { Database } from '../../../platform/database/database.js'
import { useIndexes, usersByUuid } from './existing-rows.js'
import type { ExportFile } from './export-file.js'
import type { ImportState, Progress } from './import-state.js'
import { beginning, type Line, linesOf, type Place } from './lines.js'
import { parseObject, parseRow, Refusal, type Row, rows } from './posthog-rows.js'
import { UserNumbers } from './user-numbers.js'

const USERS_AT_ONCE = 2_000

/** What an import learns from the file before it writes its first row. */
export interface Survey {
  /** The number of lines in the file. */
  lines: number
  /** The highest numbers in the file. */
  highest: { user: number; project: number }
  /** The users that an earlier run has imported. */
  users: UserNumbers
  /** Where the import begins. */
  place: Place
}

/** Reads the whole file once. @throws {StartError} if the state belongs to another file */
export async function surveyOf(
  database: Database,
  file: ExportFile,
  state: ImportState,
  before: Progress | undefined,
): Promise<Survey> {
  const end = beginning()
  const highest = { user: 0, project: 0 }
  const users = new ImportedUsers(database)
  let place = before ? undefined : beginning()
  const reach = () => {
    if (before && end.lines === before.lines) place = { ...end, hash: end.hash.copy() }
  }
  reach()
  for await (const line of linesOf(file.read(0), end)) {
    const { type, id } = identified(line)
    if (type === 'user' || type === 'project') {
      const number = rows.user.shape.id.safeParse(id)
      if (number.success) highest[type] = Math.max(highest[type], number.data)
    }
    if (before && line.number <= before.lines && type === 'user') await users.add(line)
    reach()
  }
  if (!place || (before && place.hash.copy().digest('hex') !== before.sha256)) throw state.mismatch('of another file')
  return { lines: end.lines, highest, users: await users.numbers(), place }
}

/** Finds which user here each line of an earlier run means. */
class ImportedUsers {
  private readonly found = new UserNumbers()
  private waiting: Row<'user'>[] = []

  constructor(private readonly database: Database) {}

  async add({ text }: Line): Promise<void> {
    const row = understood(() => parseRow(text!))?.row as Row<'user'> | undefined
    if (row) this.waiting.push(row)
    if (this.waiting.length >= USERS_AT_ONCE) await this.look()
  }

  async numbers(): Promise<UserNumbers> {
    if (this.waiting.length > 0) await this.look()
    return this.found
  }

  private async look(): Promise<void> {
    const here = await this.database.transaction(async (tx) => {
      await useIndexes(tx)
      return usersByUuid(
        tx,
        this.waiting.map(({ uuid }) => uuid),
      )
    })
    for (const { id, uuid } of this.waiting)
      if (this.found.get(id) === undefined && here.has(uuid)) this.found.set(id, here.get(uuid)!)
    this.waiting = []
  }
}

const identified = ({ text }: Line): Record<string, unknown> =>
  (text !== undefined && understood(() => parseObject(text))) || {}

function understood<Result>(parse: () => Result): Result | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
