import { expect, it } from '@jest/globals'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { awsSdk } from './aws-sdk-variables.js'

it('knows every variable that the AWS SDK reads', async () => {
  const found = new Set<string>()
  for (const folder of ['node_modules/@aws-sdk', 'node_modules/@smithy'])
    for (const file of await readdir(folder, { recursive: true }))
      if (/dist-cjs.*\.js$/.test(file))
        for (const [name] of (await readFile(join(folder, file), 'utf8')).matchAll(
          /(?<=["'`])AWS_[A-Z0-9_]+(?=["'`])/g,
        ))
          found.add(name)
  expect(found.size).toBeGreaterThan(20)
  expect([...found].filter((name) => !awsSdk.reads(name))).toEqual([])
})
