import { parseEnv } from 'node:util'

export interface DotEnv {
  values: Record<string, string>
  /** The lines that Node would ignore in silence, each as a sentence without its full stop. */
  problems: string[]
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=(.*)$/
const SKIPPED = /^[ \t]*(?:#.*)?$/

/** Parses a `.env` file as Node does, and reports each line that Node would ignore or misread. */
export function parseDotEnv(text: string): DotEnv {
  const lines = text.split(/\r?\n/)
  const read: string[] = []
  const problems: string[] = []
  for (let index = 0; index < lines.length;) {
    const { problem, end } = look(lines, index)
    if (problem) problems.push(`Line ${index + 1} of .env cannot be read: ${problem}`)
    else read.push(...lines.slice(index, end))
    index = end
  }
  return { values: parseEnv(read.join('\n')) as Record<string, string>, problems }
}

/** @returns what is wrong with the line at `index`, and where the next one begins: a value in quotes may hold several */
function look(lines: string[], index: number): { problem?: string; end: number } {
  const [line, end] = [lines[index]!, index + 1]
  if (SKIPPED.test(line)) return { end }
  const value = ASSIGNMENT.exec(line)?.[1]?.trimStart()
  if (value === undefined || line.includes('\0'))
    return { end, problem: 'write NAME=value, or a comment that begins with #' }
  if (/^["'`]/.test(value)) {
    const closing = closingLine(lines, index, value)
    if (closing !== undefined) return { end: closing + 1 }
    return { end, problem: `the quote ${value[0]} is not closed, or something follows it` }
  }
  if (/\S#/.test(value)) return { end, problem: 'put the value into quotes, because a # begins a comment' }
  return { end }
}

/** @returns the index of the line on which the quoted `value` that begins at `index` ends, with nothing but a comment after it */
function closingLine(lines: string[], index: number, value: string): number | undefined {
  const quote = value[0]!
  for (let [at, rest] = [index, value.slice(1)]; ; rest = lines[++at]!) {
    const closing = rest.indexOf(quote)
    if (closing >= 0) return SKIPPED.test(rest.slice(closing + 1)) ? at : undefined
    if (at + 1 >= lines.length) return undefined
  }
}
