import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApplication, particularsOf } from './application.js'
import { everyMarketplace } from './every-marketplace.js'
import { Plugins } from '../plugins.js'
import { loadConfig } from '../settings.js'
import { openDatabase } from '../platform/database/open-database.js'
import { openApiDocument } from '../platform/http/openapi.js'

/** Writes `docs/openapi.json`; with `--check` says instead, by exit code 1, that the committed one differs. */
const file = 'docs/openapi.json'
const folder = await mkdtemp(join(tmpdir(), 'polity-openapi-'))
const database = await openDatabase(
  loadConfig({
    DATA_DIR: join(folder, 'data'),
    LOG_LEVEL: 'silent',
    DATABASE_URL: process.env.DATABASE_URL,
    ...everyMarketplace,
  }),
  async () => new Plugins().migrations,
)
const application = await createApplication(database.config)
const written = JSON.stringify(openApiDocument(application, particularsOf(application)), null, 2) + '\n'
await application.close()
await database.close()
await rm(folder, { recursive: true })
if (!process.argv.includes('--check')) {
  await writeFile(file, written)
} else if ((await readFile(file, 'utf8').catch(() => '')) !== written) {
  console.error(`${file} is not what the code says. Run npm run openapi and commit it.`)
  process.exitCode = 1
}
