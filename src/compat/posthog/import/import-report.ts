import { type RowType, rowTypes } from './posthog-rows.js'

/** How many refusals, and how many new numbers, a report lists. */
export const NAMED = 100

/** The outcome of a line. */
export interface Outcome {
  line: number
  type?: RowType
  created?: boolean
  /** Why it was refused. */
  reason?: string
  /** The new number of a user whose own belongs to somebody else here. */
  renumbered?: { from: number; to: number }
}

/** What an import did. `refused` gives reasons by line and never repeats a hash. */
export interface ImportReport {
  created: Record<string, number>
  unchanged: Record<string, number>
  /** The first hundred users whose number already belonged to somebody else here. */
  renumbered: { line: number; from: number; to: number }[]
  renumbered_count: number
  /** The first hundred lines that were refused. */
  refused: { line: number; reason: string }[]
  refused_count: number
}

export function emptyReport(): ImportReport {
  const zero = () => Object.fromEntries(rowTypes.map((type) => [type, 0])) as Record<string, number>
  return { created: zero(), unchanged: zero(), renumbered: [], renumbered_count: 0, refused: [], refused_count: 0 }
}

export function count(report: ImportReport, { line, type, created, reason, renumbered }: Outcome): void {
  if (reason !== undefined) {
    if (++report.refused_count <= NAMED) report.refused.push({ line, reason })
    return
  }
  if (renumbered && ++report.renumbered_count <= NAMED) report.renumbered.push({ line, ...renumbered })
  ;(created ? report.created : report.unchanged)[type!]!++
}

/** Whether there was something to import and all of it was imported. */
export const isComplete = ({ created, unchanged, refused_count }: ImportReport): boolean =>
  refused_count === 0 && [...Object.values(created), ...Object.values(unchanged)].some((rows) => rows > 0)
