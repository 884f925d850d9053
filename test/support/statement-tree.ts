import { parseSync } from 'libpg-query'
import { organizationTables } from './tables.js'

/** What the parser of PostgreSQL makes of SQL: objects by the names of its nodes. */
export type Tree = { readonly [name: string]: unknown }

/** A table, or what stands in the place of one. */
export interface Relation {
  readonly name: string
  readonly alias: string
  readonly kind: 'organization' | 'directory' | 'function' | 'derived'
  /** Of an organization table the column that says to which organization a row belongs. */
  readonly key?: string
}

/** A query and the relations that it reads or writes itself, not in its subqueries. */
export interface Query {
  readonly kind: 'SelectStmt' | 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt'
  readonly tree: Tree
  readonly relations: Relation[]
  /** Everything that has to be true of a row: the parts of WHERE and ON that AND joins. */
  readonly conditions: Tree[]
  readonly outer?: Query
  readonly common: Set<string>
}

const QUERIES = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt'] as const

/** The statements of a text as PostgreSQL understands it. */
export const statementsIn = (text: string): Tree[] =>
  (parseSync(text).stmts ?? []).map(({ stmt }) => stmt as unknown as Tree)

/** A statement's queries, each before those within it. */
export function queriesOf(tree: unknown, outer?: Query): Query[] {
  return childrenOf(tree).flatMap(([name, child]) =>
    isQuery(name) ? queryOf(name, child as Tree, outer) : queriesOf(child, outer),
  )
}

const isQuery = (name: string): name is Query['kind'] => (QUERIES as readonly string[]).includes(name)

function queryOf(kind: Query['kind'], tree: Tree, outer: Query | undefined): Query[] {
  const common = new Set([...(outer?.common ?? []), ...commonNames(tree)])
  const query: Query = { kind, tree, relations: [], conditions: [], outer, common }
  if (tree.relation) take(query, { RangeVar: tree.relation })
  for (const item of [...list(tree.fromClause), ...list(tree.usingClause)]) take(query, item)
  if (tree.whereClause) query.conditions.push(...conjuncts(tree.whereClause as Tree))
  // Both sides of a UNION are queries without the name of their node around them.
  const sides = [tree.larg, tree.rarg].filter(Boolean).flatMap((side) => queryOf('SelectStmt', side as Tree, query))
  return [query, ...sides, ...queriesOf({ ...tree, larg: undefined, rarg: undefined }, query)]
}

const commonNames = ({ withClause }: Tree): string[] =>
  list((withClause as Tree | undefined)?.ctes).map((item) => (item.CommonTableExpr as Tree).ctename as string)

function take(query: Query, item: Tree): void {
  const { RangeVar, JoinExpr, RangeSubselect, RangeFunction } = item as Record<string, Tree | undefined>
  if (RangeVar) query.relations.push(table(query, RangeVar))
  if (RangeSubselect) query.relations.push({ name: 'subquery', alias: aliasOf(RangeSubselect), kind: 'derived' })
  if (RangeFunction) query.relations.push({ name: 'function', alias: aliasOf(RangeFunction), kind: 'function' })
  if (!JoinExpr) return
  take(query, JoinExpr.larg as Tree)
  take(query, JoinExpr.rarg as Tree)
  if (JoinExpr.quals) query.conditions.push(...conjuncts(JoinExpr.quals as Tree))
}

function table({ common }: Query, tree: Tree): Relation {
  const name = tree.relname as string
  const alias = aliasOf(tree) || name
  if (common.has(name)) return { name, alias, kind: 'derived' }
  const key = organizationTables[name]
  return key ? { name, alias, kind: 'organization', key } : { name, alias, kind: 'directory' }
}

const aliasOf = ({ alias }: Tree): string => ((alias as Tree | undefined)?.aliasname as string | undefined) ?? ''

function conjuncts(tree: Tree): Tree[] {
  const { boolop, args } = (tree.BoolExpr ?? {}) as { boolop?: string; args?: Tree[] }
  return boolop === 'AND_EXPR' ? args!.flatMap(conjuncts) : [tree]
}

/** Every node of a type below, with those below it. */
export function nodesOf(tree: unknown, type: string): Tree[] {
  return childrenOf(tree).flatMap(([name, child]) => [
    ...(name === type ? [child as Tree] : []),
    ...nodesOf(child, type),
  ])
}

export const list = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : [])

const childrenOf = (tree: unknown): [string, unknown][] =>
  tree !== null && typeof tree === 'object' ? Object.entries(tree) : []
