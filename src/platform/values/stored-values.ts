import { z } from 'zod'

/*
 * The rules for values that others own and we only store, such as an id, an e-mail address or a name from another
 * system: what the column can hold is right, whatever it looks like.
 */

/** The width of the column for an e-mail address. */
export const EMAIL_LENGTH = 254

/** Why a `varchar` of a given width cannot hold a text, as a constraint of a field with the values of its sentence. */
export type TextProblem = {
  constraint: 'maxLength' | 'nullCharacters' | 'surrogates'
  values?: Record<string, string | number>
}

/** What keeps a text out of a `varchar(maxLength)`; nothing when it fits. */
export function textProblem(text: string, maxLength: number): TextProblem | undefined {
  if (!isAtMost(text, maxLength)) return { constraint: 'maxLength', values: { limit: maxLength } }
  if (text.includes('\0')) return { constraint: 'nullCharacters' }
  if (text.isWellFormed()) return undefined
  const surrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.exec(text)![0]
  return { constraint: 'surrogates', values: { value: surrogate.charCodeAt(0).toString(16).toUpperCase() } }
}

/** The first `maxLength` characters of a text. Cuts between characters, never inside of one. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  // A character is one or two UTF-16 units, so this many units hold enough of them.
  return [...text.slice(0, maxLength * 2)].slice(0, maxLength).join('')
}

/** Whether a value is a UUID in its canonical text form, of any version or of none. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)

/** Sorts before every other. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** An e-mail address as it is stored. A user without one has the empty address. */
export const storedEmailOf = (email: string | null | undefined): string => email?.trim() ?? ''

/** Whether two e-mail addresses are the same: case does not matter, and the empty address equals no other. */
export const isSameEmail = (one: string | null | undefined, other: string | null | undefined): boolean =>
  storedEmailOf(one) !== '' && storedEmailOf(one).toLowerCase() === storedEmailOf(other).toLowerCase()

const problems: Record<TextProblem['constraint'], string> = {
  maxLength: 'has too many characters',
  nullCharacters: 'holds a NUL character',
  surrogates: 'holds half of a character',
}

/** A text for a `varchar(maxLength)`. */
export const storedText = (maxLength: number) =>
  z.string().superRefine((text, context) => {
    const problem = textProblem(text, maxLength)
    if (!problem) return
    const limit = problem.constraint === 'maxLength' ? `, at most ${maxLength} fit` : ''
    context.addIssue({ code: 'custom', message: problems[problem.constraint] + limit })
  })

/** An id for a `uuid` column, in the form in which PostgreSQL shows it. Takes hyphens or none, in either case. */
export const storedUuid = z.string().transform((text, context) => {
  const digits = text.replaceAll('-', '').toLowerCase()
  if (/^[0-9a-f]{32}$/.test(digits)) return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  context.addIssue({ code: 'custom', message: 'is not a UUID' })
  return z.NEVER
})

/** A moment in ISO 8601, with its offset. */
export const storedTime = z.iso.datetime({ offset: true })

/** An e-mail address; one that is absent, null or blank becomes the empty address. */
export const storedEmail = z.string().nullish().transform(storedEmailOf).pipe(storedText(EMAIL_LENGTH))

/** Counts characters as PostgreSQL does, and only where the number of UTF-16 units leaves it open. */
function isAtMost(text: string, maxLength: number): boolean {
  if (text.length <= maxLength) return true
  return text.length <= maxLength * 2 && [...text].length <= maxLength
}
