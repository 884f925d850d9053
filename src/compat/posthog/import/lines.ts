import { isUtf8 } from 'node:buffer'
import { createHash, type Hash } from 'node:crypto'

const LF = 0x0a
const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
/** In bytes. Rows are far shorter, and a file without line ends must not fill the memory. */
const LONGEST_LINE = 1024 * 1024

/** A line of a file, or why it could not be read. */
export type Line = { number: number } & ({ text: string; fault?: never } | { text?: never; fault: string })

/** A position between two lines, with a hash of everything before it. */
export interface Place {
  lines: number
  bytes: number
  hash: Hash
}

export const beginning = (): Place => ({ lines: 0, bytes: 0, hash: createHash('sha256') })

/**
 * Splits the bytes from `place` on into lines, and moves `place` along. A line ends at LF and nowhere else: CR is white
 * space in JSON, and U+2028 may occur in a string.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, place: Place): AsyncGenerator<Line> {
  let pieces: Buffer[] = []
  let length = 0
  const add = (piece: Buffer): void => {
    place.hash.update(piece)
    place.bytes += piece.length
    length += piece.length
    // Drop the rest of a line that is too long.
    if (length <= LONGEST_LINE) pieces.push(piece)
  }
  const take = (): Line => {
    const line = lineOf(++place.lines, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), length)
    pieces = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end + 1))
      start = end + 1
      yield take()
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

function lineOf(number: number, bytes: Buffer, length: number): Line {
  if (length > LONGEST_LINE) return { number, fault: `longer than ${LONGEST_LINE} bytes` }
  // Invalid UTF-8 would silently become U+FFFD.
  if (!isUtf8(bytes)) return { number, fault: 'not UTF-8' }
  const marked = number === 1 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  return { number, text: bytes.toString('utf8', marked ? BYTE_ORDER_MARK.length : 0) }
}

/** Whether a line is empty or only JSON’s white space. */
export const isBlank = ({ text }: Line): boolean => text !== undefined && /^[ \t\r\n]*$/.test(text)
