import type { Database } from '../../../platform/database/database.js'
import { ExportFile } from './export-file.js'
import { count, emptyReport, type ImportReport } from './import-report.js'
import { ImportState } from './import-state.js'
import type { LineHooks } from './line-hooks.js'
import { isBlank, type Line, linesOf, type Place } from './lines.js'
import { PostHogBatch } from './posthog-batch.js'
import { surveyOf } from './survey.js'

const BATCH_LINES = 2_000
const BATCH_CHARACTERS = 4 * 1024 * 1024

export interface ImportOptions {
  hooks: LineHooks
  /** A file that remembers how far the import came. */
  state?: string
  /** Hears after each batch how many lines are done, of how many, and how quick this run is. */
  progress?: (done: number, total: number, linesPerSecond: number) => void
}

/**
 * Imports an NDJSON export: `{"type": "user" | "organization" | "membership" | "project" | "personal_api_key", …}` a
 * line, what is referred to before what refers to it. Rows that are already there stay as they are, so an import that
 * was cut off is simply run again; with a state it goes on where it was. A row that cannot be taken is refused alone.
 * @param path a file or a pipe; `-` is the standard input
 * @throws {StartError} when the export or the state cannot be used
 */
export async function importPostHog(
  database: Database,
  path: string,
  { hooks, state: statePath, progress = () => undefined }: ImportOptions,
): Promise<ImportReport> {
  const state = new ImportState(statePath, statePath === undefined ? '' : await identityOf(database))
  const before = await state.load()
  const file = await ExportFile.open(path)
  try {
    const { lines, highest, users, place } = await surveyOf(database, file, state, before)
    // Before the first row: were the import cut off, a server must not give these numbers to others.
    await reserve(database, "pg_get_serial_sequence('users', 'id')", highest.user)
    await reserve(database, "'project_ids'", highest.project)
    const report = before?.report ?? emptyReport()
    await state.save(place, report)
    const [begun, linesBefore] = [performance.now(), place.lines]
    for await (const batch of batchesOf(file, place)) {
      // Counted and remembered afterwards, because a transaction may run more than once.
      const { outcomes, done } = await database.transaction(async (tx) => {
        const done = new PostHogBatch(tx, batch, users, hooks)
        return { outcomes: await done.import(), done }
      })
      done.remember()
      for (const outcome of outcomes) count(report, outcome)
      await state.save(place, report)
      progress(place.lines, lines, ((place.lines - linesBefore) * 1_000) / (performance.now() - begun))
    }
    return report
  } finally {
    await file.close()
  }
}

/** Which database this is, for a state to know it again. */
async function identityOf(database: Database): Promise<string> {
  const [row] = await database.dataSource.query<{ identity: string }[]>(
    `select system_identifier || '/' || oid as identity from pg_control_system(), pg_database
     where datname = current_database()`,
  )
  return row!.identity
}

/** Moves a sequence past `highest`, and never back. */
async function reserve(database: Database, sequence: string, highest: number): Promise<void> {
  if (highest > 0)
    await database.dataSource.query(`select setval(${sequence}, $1) where nextval(${sequence}) < $1`, [highest])
}

/** Lots of lines that are not blank. While one is being worked on, `place` is where it ends. */
async function* batchesOf(file: ExportFile, place: Place): AsyncGenerator<Line[]> {
  let lines: Line[] = []
  let characters = 0
  for await (const line of linesOf(file.read(place.bytes), place)) {
    if (isBlank(line)) continue
    lines.push(line)
    characters += line.text?.length ?? 0
    if (lines.length < BATCH_LINES && characters < BATCH_CHARACTERS) continue
    yield lines
    lines = []
    characters = 0
  }
  if (lines.length > 0) yield lines
}
