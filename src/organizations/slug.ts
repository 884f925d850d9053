import { randomInt } from 'node:crypto'

const MAX_LENGTH = 48
const SUFFIX_LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** Knows every script, in three megabytes: read when the first name comes. */
let library: Promise<typeof import('transliteration')> | undefined

/** A slug of a name in any script; `organization` for a name, such as emoji, that leaves nothing to write. */
export async function slugOf(name: string): Promise<string> {
  const { slugify } = await (library ??= import('transliteration'))
  return (
    trimmed(slugify(name.toWellFormed(), { lowercase: true, allowedChars: 'a-zA-Z0-9' }).slice(0, MAX_LENGTH)) ||
    'organization'
  )
}

/** Another slug for a name whose own is taken: cut to leave room for `-` and random letters, PostHog's four at first. */
export function slugWithSuffix(slug: string, letters = 4): string {
  const suffix = Array.from({ length: letters }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('')
  return `${trimmed(slug.slice(0, MAX_LENGTH - letters - 1))}-${suffix}`
}

const trimmed = (slug: string): string => slug.replace(/^-+|-+$/g, '')
