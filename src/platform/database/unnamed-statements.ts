import pg from 'pg'
import type { dataSourceOptions } from './data-source.js'

type Options = ReturnType<typeof dataSourceOptions>

/**
 * The same options for statements without names: a pooler in transaction mode that does not know them runs a statement on
 * a connection where its name means nothing, or another statement.
 */
export const withoutPreparedStatements = (options: Options): Options => ({
  ...options,
  extra: { ...options.extra, Client: UnnamingClient },
})

class UnnamingClient extends pg.Client {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one implementation of all of pg's overloads
  override query(query: any, ...rest: any[]): any {
    if (query instanceof pg.Query) Object.assign(query, { name: undefined })
    else if (query?.name) query = { ...query, name: undefined }
    return super.query(query, ...(rest as []))
  }
}
