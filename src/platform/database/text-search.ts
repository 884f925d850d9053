import type { DataSource } from 'typeorm'
import { StartError } from '../start-error.js'

/** The root of ICU's collations: it orders and folds every script alike, whatever the locale of the database is. */
const ICU = '"und-x-icu"'

/** SQL for a text as it is ordered: É stands before Z, and case counts only between texts that are otherwise equal. */
export const ordered = (text: string): string => `(${text} collate ${ICU})`

/** SQL for whether `text` has `searched` in it, in upper or lower case of any script. */
export const contains = (text: string, searched: string): string => `strpos(${folded(text)}, ${folded(searched)}) > 0`

/** In upper case, because lower case has two forms of the Greek sigma. */
const folded = (text: string): string => `upper(${text} collate ${ICU})`

/** @throws {StartError} when PostgreSQL was built without ICU, or the database has an encoding that ICU does not know */
export async function requireIcu(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<{ known: boolean }[]>('select to_regcollation($1) is not null as known', [ICU])
  if (row!.known) return
  throw new StartError(
    'The database does not know the collation "und-x-icu", by which names are ordered and searched. Use a PostgreSQL that was built with ICU, and a database with the encoding UTF8.',
  )
}
