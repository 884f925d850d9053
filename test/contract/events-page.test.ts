import { expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { eventCatalogue, securityEventCatalogue } from '../../src/index.js'

/** The rows of a table in docs/events.md, made of the definitions. */
const rowsOf = (catalogue: typeof eventCatalogue | typeof securityEventCatalogue) =>
  [...catalogue.values()]
    .sort((one, other) => (one.type < other.type ? -1 : 1))
    .map(({ type, description, payload }) => {
      const { properties = {} } = z.toJSONSchema(payload) as { properties?: object }
      const fields = Object.keys(properties).map((field) => `\`${field}\``)
      return `| \`${type}\` | ${description} | ${fields.join(', ') || 'nothing'} |`
    })

it('docs/events.md lists every type with its payload', async () => {
  const page = await readFile('docs/events.md', 'utf8')
  const listed = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replace(/ +/g, ' '))
  expect(listed).toEqual([...rowsOf(eventCatalogue), ...rowsOf(securityEventCatalogue)])
})
