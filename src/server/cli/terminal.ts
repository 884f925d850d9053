import type { Writable } from 'node:stream'

/** Where a command writes lines. */
export interface CommandOutput {
  /** Resolves when the line has left, so that a slow reader slows us down and nothing piles up. */
  out: (text: string) => Promise<void> | void
  err: (text: string) => void
  /** On a terminal, replaces the previous text on the same line. */
  progress?: (text: string) => void
}

/** The process's own outputs. */
export function terminal(): CommandOutput {
  // The writer gets the error through its callback; without a listener the error would end the process.
  process.stdout.on('error', () => undefined)
  return {
    out: (text) => writeLine(process.stdout, text),
    err: (text) => void process.stderr.write(`${text}\n`),
    progress: process.stderr.isTTY ? (text) => void process.stderr.write(`\r${text}\x1b[K`) : undefined,
  }
}

/** Thrown when nobody reads the output any more, as in `polity organizations list | head`. The command then just ends. */
export class OutputClosed extends Error {}

const writeLine = (stream: Writable, text: string): Promise<void> =>
  new Promise((resolve, reject) =>
    stream.write(`${text}\n`, (error) => {
      if (!error) resolve()
      else reject((error as NodeJS.ErrnoException).code === 'EPIPE' ? new OutputClosed() : error)
    }),
  )
