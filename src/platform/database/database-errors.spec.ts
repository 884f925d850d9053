import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { QueryFailedError } from 'typeorm'
import { DatabaseBusy, isDatabaseUnavailable } from './database-errors.js'

const withCode = (code: string) => Object.assign(new Error('any'), { code })

/** What pg and pg-pool throw when they are used wrongly. Everything else they throw means a lost connection. */
const MISUSE = [
  'Client has already been connected',
  'not supported in pipeline mode',
  'Invalid sslnegotiation',
  'Invalid ${',
  'sslnegotiation=direct',
  'A query must have either text or a name',
  'Prepared statements must be unique',
  'Query values must be an array',
  'circular reference',
  '" for query',
  'Release called on client',
  'unexpected condition',
  'Passing a function as the first parameter',
  'Called end on pool more than once',
]

function thrownBy(library: string): string[] {
  const file = createRequire(import.meta.url).resolve(library)
  const files = library === 'pg' ? readdirSync(dirname(file)).map((name) => join(dirname(file), name)) : [file]
  return files
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...readFileSync(name, 'utf8').matchAll(/new Error\(\s*(.*)/g)].map(([, text]) => text!))
    .flatMap((text) => [...text.matchAll(/(['`])((?:(?!\1).)+)\1/g)].map(([, , sentence]) => sentence!))
}

describe('an error that means the database cannot be asked', () => {
  it('is each that pg and pg-pool throw without a code, but those for wrong use', () => {
    const sentences = [...thrownBy('pg'), ...thrownBy('pg-pool')]
    expect(sentences.length).toBeGreaterThan(20)
    const unknown = sentences.filter(
      (sentence) => !isDatabaseUnavailable(new Error(sentence)) && !MISUSE.some((misuse) => sentence.includes(misuse)),
    )
    expect(unknown).toEqual([])
  })

  it.each(['57P01', '57P03', '57014', '55P03', '53300', '53100', '08006', '25P03', '25006', 'ECONNRESET', 'EAI_AGAIN'])(
    'is %s, also as TypeORM wraps it',
    (code) => {
      expect(isDatabaseUnavailable(withCode(code))).toBe(true)
      expect(isDatabaseUnavailable(new QueryFailedError('select', [], withCode(code)))).toBe(true)
    },
  )

  it('is being too busy, and what TypeORM wraps of pg', () => {
    expect(isDatabaseUnavailable(new DatabaseBusy())).toBe(true)
    expect(isDatabaseUnavailable(new QueryFailedError('select', [], new Error('Query read timeout')))).toBe(true)
  })

  it.each(['23505', '22012', '42P01', '40001', 'ENOENT'])('is not %s', (code) =>
    expect(isDatabaseUnavailable(withCode(code))).toBe(false),
  )
})
