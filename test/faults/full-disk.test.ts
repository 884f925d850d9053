import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmdirSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, TestServer } from '../support/kit.js'
import { OwnPostgres } from '../support/own-postgres.js'

/** Enough for a new cluster and its log of changes. */
const SIZE = '192m'
const ATTEMPTS = 1_000

/** A disk of its own in memory; undefined where this user may not mount one. */
function mountDisk(): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), 'polity-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', disk], { stdio: 'ignore' })
    // As root, PostgreSQL runs as another user, who has to pass through here.
    chmodSync(disk, 0o755)
    return disk
  } catch {
    rmdirSync(disk)
    return undefined
  }
}

async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w')
  try {
    // What a single write leaves free, smaller ones take.
    for (const size of [1_048_576, 4_096]) while (await handle.write(Buffer.alloc(size)).then(Boolean, () => false));
  } finally {
    await handle.close()
  }
}

const disk = mountDisk()
if (!disk) console.warn('The test on a full disk is left out: this user may not mount one.')
const describeIt = disk ? describe : describe.skip

describeIt('a server whose database has no space left', () => {
  let postgres: OwnPostgres
  const server = new TestServer()
  beforeAll(async () => {
    postgres = await OwnPostgres.start(disk)
    await server.start({ environment: { DATABASE_URL: postgres.url } })
  }, 120_000)
  afterAll(async () => {
    await server.close()
    await postgres?.stop()
    execFileSync('umount', [disk!])
    rmdirSync(disk!)
  })

  it('answers 503 with Retry-After to what needs space, reads, and writes when there is space again', async () => {
    const { owner, path, view } = await server.organization()
    const filler = join(disk!, 'filler')
    await fill(filler)
    const create = () => owner.post('/api/organizations/', { name: `New ${randomUUID()}` })
    const acknowledged = new Set<string>()
    let refused = await create()
    for (let attempt = 0; refused.status === 201 && attempt < ATTEMPTS; attempt++) {
      acknowledged.add(refused.body.id)
      refused = await create()
    }
    expect({ status: refused.status, text: refused.text }).toMatchObject({ status: 503 })
    expect(refused.headers.get('retry-after')).toBe('5')
    expect((await owner.get(path)).body).toEqual(view)
    await rm(filler)
    await eventually(create, ({ status }) => status === 201)
    for (const id of acknowledged) expect((await owner.get(`/api/organizations/${id}/`)).status).toBe(200)
  }, 120_000)
})
