import type { Transaction } from '../../../platform/database/database.js'
import type { Outcome } from './import-report.js'
import type { Line } from './lines.js'
import { parseRow, Refusal, type Row, type RowType, rowTypes } from './posthog-rows.js'
import { together } from './set-statements.js'

/** A line that could be parsed. */
export interface Entry<Type extends RowType> {
  line: number
  row: Row<Type>
}

type Entries = { [Type in RowType]: Entry<Type>[] }

/** The lines of one batch by type, with the outcome of each. */
export class BatchLines {
  readonly entries = Object.fromEntries(rowTypes.map((type) => [type, []])) as unknown as Entries
  private readonly found: Outcome[] = []

  constructor(lines: readonly Line[]) {
    for (const line of lines) this.read(line)
  }

  /** In the order of the lines. */
  get outcomes(): Outcome[] {
    return this.found.sort((one, other) => one.line - other.line)
  }

  take(type: RowType, { line }: { line: number }, created: boolean, renumbered?: Outcome['renumbered']): void {
    this.found.push({ line, type, created, ...(renumbered && { renumbered }) })
  }

  refuse({ line }: { line: number }, reason: string): void {
    this.found.push({ line, reason })
  }

  /**
   * Lets `work` write all entries with one statement. If an entry makes it fail, only that entry is refused.
   * @param ask is asked about each entry before it is written. Entries are then written one by one, so that each question
   *   sees the entries before it
   */
  async together<Of extends { line: number }>(
    tx: Transaction,
    entries: readonly Of[],
    work: (entries: readonly Of[]) => Promise<void>,
    ask?: (entry: Of) => Promise<void>,
  ): Promise<void> {
    const refuse = (entry: Of, reason: string) => this.refuse(entry, reason)
    if (!ask) return together(tx, entries, work, refuse)
    const askFirst = async ([entry]: readonly Of[]) => {
      await ask(entry!)
      await work([entry!])
    }
    for (const entry of entries) await together(tx, [entry], askFirst, refuse)
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
}
