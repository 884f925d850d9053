import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { OneTimeTokens } from '../../src/platform/secrets/one-time-tokens.js'
import { useServer } from '../support/kit.js'

const server = useServer()
const tokens = () => server.application.get(OneTimeTokens)
const HOUR_MS = 3_600_000

const redeem = (purpose: string, token: string) =>
  server.database.transaction((tx) => tokens().redeem<{ of: string }>(tx, purpose, token))

/** Lets the lifetime of everything of the purpose pass. */
const expire = (purpose: string) =>
  server.database.dataSource.query(`update one_time_tokens set expires_at = now() where purpose = $1`, [purpose])

describe('a one-time token', () => {
  it('is read as often as wanted and redeemed once, also by two at once', async () => {
    const purpose = randomUUID()
    const token = await tokens().issue(purpose, { of: 'Acme' }, HOUR_MS)
    for (let time = 0; time < 2; time++) expect(await tokens().read(purpose, token)).toEqual({ of: 'Acme' })
    const redeemed = await Promise.all([redeem(purpose, token), redeem(purpose, token)])
    expect(redeemed.filter((content) => content !== undefined)).toEqual([{ of: 'Acme' }])
    expect(await tokens().read(purpose, token)).toBeUndefined()
  })

  it('ends with the next one for the same subject, also of several at once, under its own purpose only', async () => {
    const [purpose, other, subject] = [randomUUID(), randomUUID(), randomUUID()]
    const foreign = await tokens().issue(other, { of: 'other' }, HOUR_MS, subject)
    const issued = await Promise.all(
      ['Acme', 'Globex', 'Initech'].map((of) => tokens().issue(purpose, { of }, HOUR_MS, subject)),
    )
    const readable = async () =>
      (await Promise.all(issued.map((token) => tokens().read(purpose, token)))).filter(Boolean)
    expect(await readable()).toHaveLength(1)
    const newest = await tokens().issue(purpose, { of: 'newest' }, HOUR_MS, subject)
    expect(await readable()).toEqual([])
    expect(await redeem(purpose, newest)).toEqual({ of: 'newest' })
    expect(await tokens().read(other, foreign)).toEqual({ of: 'other' })
  })

  it('stays where the transaction that redeemed it fails', async () => {
    const purpose = randomUUID()
    const token = await tokens().issue(purpose, { of: 'Acme' }, HOUR_MS)
    const failing = server.database.transaction(async (tx) => {
      await tokens().redeem(tx, purpose, token)
      throw new Error('after all')
    })
    await expect(failing).rejects.toThrow('after all')
    expect(await redeem(purpose, token)).toEqual({ of: 'Acme' })
  })

  it('is nothing under another purpose, nor once its time is over', async () => {
    const [purpose, other] = [randomUUID(), randomUUID()]
    const token = await tokens().issue(purpose, { of: 'Acme' }, HOUR_MS)
    expect([await tokens().read(other, token), await redeem(other, token)]).toEqual([undefined, undefined])
    await expire(purpose)
    expect([await tokens().read(purpose, token), await redeem(purpose, token)]).toEqual([undefined, undefined])
  })

  it('leaves the table when it is over, at the next that is issued', async () => {
    const [purpose, valid] = [randomUUID(), randomUUID()]
    await tokens().issue(purpose, {}, HOUR_MS)
    await tokens().issue(valid, {}, HOUR_MS)
    await server.database.dataSource.query(
      `update one_time_tokens set expires_at = now() - interval '1 second' where purpose = $1`,
      [purpose],
    )
    await tokens().issue(randomUUID(), {}, HOUR_MS)
    const left = await server.database.dataSource.query('select purpose from one_time_tokens where purpose = any($1)', [
      [purpose, valid],
    ])
    expect(left).toEqual([{ purpose: valid }])
  })
})

describe('a value that may come once', () => {
  it('is first once for each purpose', async () => {
    const [purpose, other, value] = [randomUUID(), randomUUID(), randomUUID()]
    const first = await Promise.all([1, 2].map(() => tokens().isFirst(purpose, value, HOUR_MS)))
    expect(first.sort()).toEqual([false, true])
    expect(await tokens().isFirst(other, value, HOUR_MS)).toBe(true)
    expect(await tokens().isFirst(purpose, randomUUID(), HOUR_MS)).toBe(true)
  })
})
