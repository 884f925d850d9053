import { expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'

const PAGE = 'docs/extending.md'
/** A link to a file of an example, and the block below it. */
const shown = /^\[[^\]]+\]\(\.\.\/(examples\/[^)]+)\):\n\n```ts\n([^]*?)```$/gm

it('docs/extending.md shows the files of the examples as they are; UPDATE_DOCS=1 writes them', async () => {
  const page = await readFile(PAGE, 'utf8')
  const files = new Map<string, string>()
  for (const [, file] of page.matchAll(shown)) files.set(file!, await readFile(file!, 'utf8'))
  const written = page.replace(shown, (block, file: string, code: string) => {
    return block.slice(0, -(code.length + 3)) + files.get(file)! + '```'
  })
  if (process.env.UPDATE_DOCS) await writeFile(PAGE, written)
  else expect(page).toBe(written)
  expect(files.size).toBeGreaterThan(10)
})
