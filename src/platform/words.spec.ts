import { expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'

/** Words of what is built on the platform. Events and transactions know organizations and users by their ids. */
const BUSINESS = new Set(
  [
    'phx',
    'membership',
    'member',
    'invite',
    'role',
    'project',
    'billing',
    'invoice',
    'vercel',
    'aws',
    'posthog',
  ].flatMap((word) => [word, `${word}s`]),
)
/** A role of PostgreSQL's, and the members of a JSON object. */
const OTHER_MEANINGS = ['database/own-schema.ts', 'database/migrate.ts', 'database/fast-path/json-sql.ts']

const codeOf = (file: string) =>
  readFileSync(new URL(file, import.meta.url), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^ *\/\/.*/gm, '')

/** The words of all names and texts: `projectId` has two. */
const wordsOf = (code: string) => code.split(/[^A-Za-z]|(?<=[a-z])(?=[A-Z])/)

it('the platform knows no word of the business', () => {
  const files = readdirSync(new URL('.', import.meta.url), { recursive: true }).map(String)
  const code = files.filter((file) => /(?<!\.spec)\.ts$/.test(file) && !OTHER_MEANINGS.includes(file))
  expect(code.length).toBeGreaterThan(80)
  const found = code.flatMap((file) => {
    const words = wordsOf(codeOf(file)).filter((word) => BUSINESS.has(word.toLowerCase()))
    return words.map((word) => `${file}: ${word}`)
  })
  expect(found).toEqual([])
})
