import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { StartError } from '../../src/index.js'
import { TestServer } from '../support/kit.js'

describe('a database of which ICU does not know the encoding', () => {
  it('is refused at the start, in one sentence', async () => {
    const name = `polity_ascii_${randomUUID().replaceAll('-', '')}`
    const admin = new pg.Client(process.env.TEST_DATABASE_URL)
    await admin.connect()
    await admin.query(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`)
    const DATABASE_URL = Object.assign(new URL(process.env.TEST_DATABASE_URL!), { pathname: name }).href
    try {
      const refusal = await TestServer.start({ environment: { DATABASE_URL } }).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(refusal).toBeInstanceOf(StartError)
      expect(refusal).toMatchObject({ message: expect.stringMatching(/^The database does not know .*UTF8\.$/) })
    } finally {
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    }
  })
})
