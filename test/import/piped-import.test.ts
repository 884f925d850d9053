import { describe, expect, it, jest } from '@jest/globals'
import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { promisify } from 'node:util'
import { testEnvironment } from '../support/kit.js'
import { membership, organization, user, withExport } from './export-file.js'

/** What becomes of a line in a shell, to which `$FILE` is the export. */
async function shell(line: string, file: string): Promise<{ code: number; out: string; err: string }> {
  const env = { ...testEnvironment(), PATH: process.env.PATH, FILE: file, POLITY: `${process.execPath} bin/polity.js` }
  return promisify(execFile)('bash', ['--norc', '-c', line], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ code, out: stdout, err: stderr }),
  )
}

describe('polity import posthog, from a pipe', () => {
  jest.setTimeout(180_000)

  it.each([
    ['/dev/stdin', 'cat "$FILE" | $POLITY import posthog /dev/stdin --json'],
    ['a redirected file', '$POLITY import posthog - --json < "$FILE"'],
  ])('takes %s', async (_name, line) => {
    const [id, acme] = [randomInt(1_000_000, 1_000_000_000), organization()]
    await withExport([user(id), acme, membership(acme, id)], async (file) => {
      const { code, out, err } = await shell(line, file)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      // No progress where nobody looks, and one line for a program to read.
      expect(out.trimEnd().split('\n')).toHaveLength(1)
      expect(JSON.parse(out).created).toMatchObject({ user: 1, organization: 1, membership: 1 })
    })
  })

  it('fails when nothing comes', async () => {
    expect(await shell('true | $POLITY import posthog - --json', '')).toMatchObject({ code: 1, err: '' })
  })
})
