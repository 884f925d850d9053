import type { EntityMetadata, ObjectLiteral } from 'typeorm'
import { namedQuery, type NamedQuery } from './fast-path/named-query.js'

const written = new Map<string, NamedQuery<ObjectLiteral>>()

/** The statement that locks a row of an entity, found by these properties. Each statement is built once. */
export function rowLock({ tableName, columns }: EntityMetadata, properties: string[]): NamedQuery<ObjectLiteral> {
  const name = `lock.${tableName}.${properties.join('.')}`
  const known = written.get(name)
  if (known) return known
  const list = columns.map(({ databaseName, propertyName }) => `"${databaseName}" as "${propertyName}"`)
  const names = properties.map(
    (property) => columns.find(({ propertyName }) => propertyName === property)!.databaseName,
  )
  const conditions = names.map((column, index) => `"${column}" = $${index + 1}`)
  const text = `select ${list.join(', ')} from "${tableName}" where ${conditions.join(' and ')} for update`
  const query = namedQuery<ObjectLiteral>(name, text)
  written.set(name, query)
  return query
}
