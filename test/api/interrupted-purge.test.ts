import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { run } from '../../src/server/cli/run.js'
import { loadConfig, OrganizationsPurge } from '../../src/index.js'
import { eventually, expectError, testEnvironment, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })

/** More than two batches of the purge. */
const PROJECTS = 12_000

/** What a server does once a minute, in a process of its own. */
const purge = `
  import { NestFactory } from '@nestjs/core'
  import { loadConfig, OrganizationsPurge, Plugins } from './dist/index.js'
  import { ServerModule } from './dist/server/server.module.js'
  const services = await NestFactory.createApplicationContext(ServerModule.with(loadConfig(process.env), new Plugins()), { logger: false })
  await services.get(OrganizationsPurge).run()
  process.exit(0)
`

describe('a purge that is killed in the middle', () => {
  it('is completed by the next, and nobody restores what is left meanwhile', async () => {
    const [due, alive] = [await server.organization(), await server.organization()]
    const { dataSource } = server.database
    const DATABASE_URL = (dataSource.options as { url: string }).url
    await dataSource.query(
      `insert into projects (organization_id, uuid, name, api_token)
       select $1, gen_random_uuid(), 'Project ' || number, 'phc_' || number from generate_series(1, $2) number`,
      [due.id, PROJECTS],
    )
    await due.owner.delete(due.path)
    await dataSource.query(
      "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
      [due.id],
    )
    const left = async (): Promise<number> =>
      (
        await dataSource.query('select count(*)::integer as count from projects where organization_id = $1', [due.id])
      )[0].count

    // Whoever holds the last project holds up the batch that it is in, and none before.
    const holder = dataSource.createQueryRunner()
    await holder.startTransaction()
    await holder.query('select 1 from projects where organization_id = $1 order by ctid desc limit 1 for update', [
      due.id,
    ])
    const child = spawn(process.execPath, ['--input-type=module', '--eval', purge], {
      env: { PATH: process.env.PATH, ...testEnvironment(), DATABASE_URL, LOG_LEVEL: 'silent' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const ended = once(child, 'close')
    expect(await eventually(left, (count) => count < PROJECTS - 5_000)).toBeGreaterThan(0)
    child.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
    await holder.rollbackTransaction()
    await holder.release()

    expect(await left()).toBeGreaterThan(0)
    const restored = await due.owner.post(`${due.path}restore/`)
    expectError(restored, 404, 'not_found', 'Not found.')
    for (const ORGANIZATION_RESTORE_DAYS of ['30', '3650'])
      expect(await restoreByCommand(due.id, { DATABASE_URL, ORGANIZATION_RESTORE_DAYS })).toEqual([
        1,
        'No key, user or organization has this id. polity keys list, users list and organizations list show the ids.',
      ])

    expect(await server.application.get(OrganizationsPurge).run()).toEqual([due.id])
    expect(await left()).toBe(0)
    expect(await dataSource.query('select 1 from organizations where id = $1', [due.id])).toEqual([])
    expect(await alive.reload()).toEqual(alive.view)
  })
})

async function restoreByCommand(id: string, environment: Record<string, string>): Promise<[number, string]> {
  const errors: string[] = []
  const output = { out: () => undefined, err: (text: string) => void errors.push(text) }
  const config = loadConfig({ ...testEnvironment(), ...environment })
  return [await run(['organizations', 'restore', id], { output, config }), errors.join('\n')]
}
