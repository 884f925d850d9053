import { randomInt } from 'node:crypto'

const MAX_LENGTH = 48
const SUFFIX_LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** Knows every script, in three megabytes that most never need: read with the first name that is not plain ASCII. */
let library: Promise<typeof import('transliteration')> | undefined

/** A slug of a name in any script; `organization` for a name, such as emoji, that leaves nothing to write. */
export async function slugOf(name: string): Promise<string> {
  const latin = /^[\0-\x7f]*$/.test(name) ? name : await transliterated(name.toWellFormed())
  const slug = trimmed(latin.toLowerCase().replace(/[^a-z0-9]+/g, '-'))
  return trimmed(slug.slice(0, MAX_LENGTH)) || 'organization'
}

async function transliterated(name: string): Promise<string> {
  const { transliterate } = await (library ??= import('transliteration'))
  return transliterate(name)
}

/** Another slug for a name whose own is taken: cut to leave room for `-` and random letters, PostHog's four at first. */
export function slugWithSuffix(slug: string, letters = 4): string {
  const suffix = Array.from({ length: letters }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('')
  return `${trimmed(slug.slice(0, MAX_LENGTH - letters - 1))}-${suffix}`
}

/** A slug never has two hyphens in a row. */
const trimmed = (slug: string): string => slug.replace(/^-|-$/g, '')
