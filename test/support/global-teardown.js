import { rm } from 'node:fs/promises'

export default async function tearDown() {
  const { stopTestDatabase, testDataDir } = globalThis
  await stopTestDatabase()
  if (testDataDir) await rm(testDataDir, { recursive: true, force: true })
}
