import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Database } from '../platform/database/database.js'
import { StartError } from '../platform/start-error.js'
import { type Line, type Outcome, PostHogBatches } from './posthog-batch.js'
import { rows } from './posthog-rows.js'

const BATCH = 500
/** Batches from one word of progress to the next. */
const PROGRESS_EVERY = 10

/** What an import did. `refused` says why, by line, and never repeats a hash. */
export interface ImportReport {
  created: Record<string, number>
  unchanged: Record<string, number>
  /** Users whose number was somebody else's here already. */
  renumbered: { line: number; from: number; to: number }[]
  refused: { line: number; reason: string }[]
}

/**
 * Imports an NDJSON export: `{"type": "user" | "organization" | "membership" | "project" | "personal_api_key", …}` a
 * line, what is referred to before what refers to it. Rows that are already there stay as they are, so an import that
 * was cut off is simply run again. A row that cannot be taken is refused alone.
 * @param progress hears how many lines are done, of how many
 * @throws {StartError} when the file cannot be read
 */
export async function importPostHog(
  database: Database,
  file: string,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<ImportReport> {
  const survey = await surveyOf(file)
  // Before the first row: were the import cut off, a server must not give these numbers to others.
  await reserve(database, "pg_get_serial_sequence('users', 'id')", survey.user)
  await reserve(database, "'project_ids'", survey.project)
  const zero = () => Object.fromEntries(Object.keys(rows).map((type) => [type, 0])) as Record<string, number>
  const report: ImportReport = { created: zero(), unchanged: zero(), renumbered: [], refused: [] }
  const batches = new PostHogBatches()
  let imported = 0
  for await (const { lines, done } of batchesOf(file)) {
    // Counted apart, because a transaction that is retried would count twice.
    const outcomes = await database.transaction((tx) => batches.import(tx, lines))
    for (const outcome of outcomes) count(report, outcome)
    if (++imported % PROGRESS_EVERY === 0 || done === survey.lines) progress(done, survey.lines)
  }
  return report
}

function count(report: ImportReport, { line, type, created, reason, renumbered }: Outcome): void {
  if (reason !== undefined) return void report.refused.push({ line, reason })
  if (renumbered) report.renumbered.push({ line, ...renumbered })
  ;(created ? report.created : report.unchanged)[type!]!++
}

/** How long the file is, and the highest numbers in it. */
async function surveyOf(file: string): Promise<{ lines: number; user: number; project: number }> {
  const survey = { lines: 0, user: 0, project: 0 }
  for await (const { text } of linesOf(file)) {
    survey.lines++
    const [, type] = /"type"\s*:\s*"(user|project)"/.exec(text) ?? []
    if (type === undefined) continue
    const id = rows.user.shape.id.safeParse(idOf(text))
    if (id.success) survey[type as 'user' | 'project'] = Math.max(survey[type as 'user' | 'project'], id.data)
  }
  return survey
}

function idOf(text: string): unknown {
  try {
    return JSON.parse(text).id
  } catch {
    return undefined
  }
}

/** Moves a sequence past `highest`, and never back. */
async function reserve(database: Database, sequence: string, highest: number): Promise<void> {
  if (highest > 0)
    await database.dataSource.query(`select setval(${sequence}, $1) where nextval(${sequence}) < $1`, [highest])
}

async function* batchesOf(file: string): AsyncGenerator<{ lines: Line[]; done: number }> {
  let lines: Line[] = []
  let done = 0
  for await (const line of linesOf(file)) {
    done = line.number
    if (line.text.trim()) lines.push(line)
    if (lines.length < BATCH) continue
    yield { lines, done }
    lines = []
  }
  if (lines.length > 0) yield { lines, done }
}

/** @throws {StartError} when the file cannot be read */
async function* linesOf(file: string): AsyncGenerator<Line> {
  let number = 0
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
      yield { number: ++number, text: number === 1 ? text.replace(/^\uFEFF/, '') : text }
  } catch (error) {
    if (/^E(NOENT|ACCES|ISDIR)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw new StartError(`${file} cannot be read: ${(error as Error).message}.`)
    throw error
  }
}
