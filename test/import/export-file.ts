import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashKeyValue } from '../../src/access/key-value.js'

export type ExportRow = { type: string } & Record<string, unknown>

const at = '2024-01-02T03:04:05.123456+00:00'

/** A user of PostHog's, with every column that an import takes. */
export const user = (id: number, values: object = {}): ExportRow => ({
  type: 'user',
  id,
  uuid: randomUUID(),
  email: `${randomUUID()}@example.com`,
  distinct_id: randomUUID(),
  first_name: 'Grace',
  date_joined: at,
  ...values,
})

export const organization = (values: object = {}): ExportRow => ({
  type: 'organization',
  id: randomUUID(),
  name: 'Imported',
  slug: `imported-${randomUUID()}`,
  created_at: at,
  updated_at: at,
  ...values,
})

export const membership = (of: ExportRow, user_id: number, values: object = {}): ExportRow => ({
  type: 'membership',
  id: randomUUID(),
  organization_id: of.id,
  user_id,
  level: 15,
  joined_at: at,
  ...values,
})

export const project = (of: ExportRow, id: number, values: object = {}): ExportRow => ({
  type: 'project',
  id,
  organization_id: of.id,
  uuid: randomUUID(),
  name: 'Web',
  api_token: `phc_${randomUUID()}`,
  created_at: at,
  ...values,
})

export const key = (user_id: number, value: string, values: object = {}): ExportRow => ({
  type: 'personal_api_key',
  id: randomUUID(),
  user_id,
  label: 'Old',
  secure_value: hashKeyValue(value),
  mask_value: 'phx_...abcd',
  scopes: ['*'],
  created_at: at,
  ...values,
})

/** Writes lines, or rows, to a file of their own for as long as `work` takes. */
export const withExport = <Result>(
  lines: readonly (ExportRow | string)[],
  work: (file: string) => Promise<Result>,
): Promise<Result> =>
  withBytes(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'), work)

/** The same with the content of the file. */
export async function withBytes<Result>(
  content: string | Buffer,
  work: (file: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'polity-import-'))
  const file = join(folder, 'export.ndjson')
  try {
    await writeFile(file, content)
    return await work(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}
