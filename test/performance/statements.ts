import { jest } from '@jest/globals'
import pg from 'pg'

export interface Statement {
  text: string
  values: unknown[]
}

const OWN_ACCOUNT = /personal_api_keys k set last_used_at/i

/**
 * What a request sent to PostgreSQL, in order.
 * @param own whether what the server does on its own account is among it
 */
export async function statementsOf(request: () => Promise<unknown>, { own = false } = {}): Promise<Statement[]> {
  const sent: Statement[] = []
  const original = pg.Client.prototype.query
  const spy = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...parameters: unknown[]
  ) {
    const [first, second] = parameters
    const given = typeof first === 'string' ? { text: first, values: second } : (first as Partial<Statement>)
    const statement = { text: given.text!, values: Array.isArray(given.values) ? given.values : [] }
    if (own || !OWN_ACCOUNT.test(statement.text)) sent.push(statement)
    return (original as (...given: unknown[]) => unknown).apply(this, parameters)
  })
  try {
    await request()
    return sent
  } finally {
    spy.mockRestore()
  }
}
