import { open, readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { StartError } from '../../../platform/start-error.js'
import type { ImportReport } from './import-report.js'
import type { Place } from './lines.js'

const counts = z.record(z.string(), z.number())
const progress = z.object({
  database: z.string(),
  lines: z.number().int(),
  bytes: z.number().int(),
  /** The hash of everything imported so far, to recognize another file. */
  sha256: z.string(),
  report: z.object({
    created: counts,
    unchanged: counts,
    renumbered: z.array(z.object({ line: z.number(), from: z.number(), to: z.number() })),
    renumbered_count: z.number(),
    refused: z.array(z.object({ line: z.number(), reason: z.string() })),
    refused_count: z.number(),
  }),
})

/** How far an import has come. */
export type Progress = z.infer<typeof progress>

/** The file that records how far an import has come. Without a path, nothing is recorded. */
export class ImportState {
  /** @param database identifies the database, since a state is of no use on another */
  constructor(
    private readonly path: string | undefined,
    private readonly database: string,
  ) {}

  /** @throws {StartError} when the file cannot be read, or is about another database */
  async load(): Promise<Progress | undefined> {
    if (this.path === undefined) return undefined
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw new StartError(`${this.path} cannot be read: ${error.message}.`)
    })
    if (text === undefined) return undefined
    const { data } = progress.safeParse(parsed(text))
    if (!data) throw new StartError(`${this.path} is not the state of an import.`)
    if (data.database !== this.database) throw this.mismatch('into another database')
    return data
  }

  /** Writes the file atomically and durably. @throws {StartError} if it cannot be written */
  async save({ lines, bytes, hash }: Place, report: ImportReport): Promise<void> {
    if (this.path === undefined) return
    const state: Progress = { database: this.database, lines, bytes, sha256: hash.copy().digest('hex'), report }
    try {
      await replace(this.path, `${JSON.stringify(state)}\n`)
    } catch (error) {
      throw new StartError(`${this.path} cannot be written: ${(error as Error).message}.`)
    }
  }

  mismatch(what: string): StartError {
    return new StartError(`${this.path} is the state of an import ${what}. Remove it to start from the beginning.`)
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = await open(`${path}.new`, 'w', 0o600)
  try {
    await draft.writeFile(text)
    await draft.sync()
  } finally {
    await draft.close()
  }
  await rename(`${path}.new`, path)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
