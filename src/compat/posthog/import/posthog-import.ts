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
  /** The path of a file that records how far the import has come. */
  state?: string
  /** Called after each batch with the lines done, the lines in all, and the speed of this run. */
  progress?: (done: number, total: number, linesPerSecond: number) => void
}

/**
 * Imports an NDJSON export: `{"type": "user" | "organization" | "membership" | "project" | "personal_api_key", …}` on
 * each line, a row before those that refer to it. Existing rows stay as they are, so run an interrupted import again; with
 * a state it continues where it stopped. A row that cannot be imported is refused alone.
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
    // Before the first row: if the import is interrupted, a server must not give these numbers to others.
    await reserve(database, "pg_get_serial_sequence('users', 'id')", highest.user)
    await reserve(database, "'project_ids'", highest.project)
    const report = before?.report ?? emptyReport()
    await state.save(place, report)
    const [begun, linesBefore] = [performance.now(), place.lines]
    for await (const batch of batchesOf(file, place)) {
      // Count and remember after the transaction, which may run more than once.
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

/** Identifies the database, so that a state can be matched with it. */
async function identityOf(database: Database): Promise<string> {
  const [row] = await database.dataSource.query<{ identity: string }[]>(
    `select system_identifier || '/' || oid as identity from pg_control_system(), pg_database
     where datname = current_database()`,
  )
  return row!.identity
}

/** Moves a sequence past `highest`, never back. */
async function reserve(database: Database, sequence: string, highest: number): Promise<void> {
  if (highest > 0)
    await database.dataSource.query(`select setval(${sequence}, $1) where nextval(${sequence}) < $1`, [highest])
}

/** Batches of lines that are not blank. While a batch is processed, `place` is its end. */
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
