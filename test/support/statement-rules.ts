import { loadModule } from 'libpg-query'
import { list, nodesOf, queriesOf, type Query, type Relation, statementsIn, type Tree } from './statement-tree.js'
import { overAllOrganizations } from './statements-over-all.js'

const OVER_ALL = /^reads .* of all organizations$/

/** What a side of a comparison is. */
type Side =
  | { kind: 'key'; relation: Relation }
  /** `$1`, or a constant. */
  | { kind: 'value'; name: string }
  /** A list of ids that is known before the rows are read. */
  | { kind: 'ids' }
  | { kind: 'other' }

/** What is known of the organizations whose rows a relation gives. */
interface Reach {
  /** Values that its key is compared with. */
  values: Set<string>
  isBounded: boolean
  /** Relations of the same organization. */
  beside: Set<Relation>
}

/** The same of a text that a server sent, with the text. Jobs may ask every node. */
export async function faultsOfServer(text: string): Promise<{ text: string; fault: string }[]> {
  await loadModule()
  const asked = text.replace(/\s+/g, ' ').trim()
  const isJob = overAllOrganizations.some((job) => job.text.test(asked))
  return faultsOf(text)
    .filter((fault) => !(isJob && OVER_ALL.test(fault)))
    .map((fault) => ({ text: asked, fault }))
}

/**
 * What in a text would not work on a distributed engine, or would ask every node of it for what one has: the rules of
 * `docs/scaling.md`.
 */
export function faultsOf(text: string): string[] {
  return statementsIn(text).flatMap((statement) => {
    const queries = queriesOf(statement)
    return [...new Set([...faultsOfReach(queries), ...queries.flatMap(faultsOfQuery), ...faultsOfWrites(queries)])]
  })
}

const nameOf = ({ name, alias }: Relation): string => (name === alias ? name : `${name} ${alias}`)

/** In a statement about one organization each table is compared with it, and in one about several with a list of them. */
function faultsOfReach(queries: Query[]): string[] {
  const reaches = reachesOf(queries)
  const values = new Set([...reaches.values()].flatMap((reach) => [...reach.values]))
  const isOne = values.size > 0
  if (values.size > 1) return [`compares organizations with ${[...values].join(' and with ')}`]
  const missing = [...reaches].filter(([, reach]) => (isOne ? reach.values.size === 0 : !reach.isBounded))
  return missing.map(([relation]) =>
    isOne
      ? `does not compare ${nameOf(relation)} with ${[...values][0]} itself`
      : `reads ${nameOf(relation)} of all organizations`,
  )
}

function reachesOf(queries: Query[]): Map<Relation, Reach> {
  const reaches = new Map<Relation, Reach>()
  for (const { relations } of queries)
    for (const relation of relations)
      if (relation.kind === 'organization')
        reaches.set(relation, { values: new Set(), isBounded: false, beside: new Set() })
  const note = (relation: Relation, other: Side) => {
    const reach = reaches.get(relation)
    if (!reach) return
    if (other.kind === 'value') reach.values.add(other.name)
    if (other.kind === 'ids' || other.kind === 'value') reach.isBounded = true
    if (other.kind === 'key') reach.beside.add(other.relation)
  }
  for (const query of queries) {
    for (const [left, right] of [...query.conditions.flatMap((tree) => equality(tree, query)), ...inserted(query)]) {
      if (left.kind === 'key') note(left.relation, right)
      if (right.kind === 'key') note(right.relation, left)
    }
  }
  spread(reaches)
  return reaches
}

/** Who stands beside a table whose organizations are known, has the same. */
function spread(reaches: Map<Relation, Reach>): void {
  for (let grows = true; grows;) {
    grows = false
    for (const reach of reaches.values()) {
      if (reach.isBounded || ![...reach.beside].some((relation) => reaches.get(relation)?.isBounded)) continue
      reach.isBounded = grows = true
    }
  }
}

function equality(tree: Tree, query: Query): [Side, Side][] {
  const { A_Expr: comparison, SubLink: link } = tree as Record<string, Tree | undefined>
  if (link?.subLinkType === 'ANY_SUBLINK' && link.testexpr)
    return [[sideOf(link.testexpr as Tree, query), isOfDirectory(link, query) ? { kind: 'ids' } : { kind: 'other' }]]
  const operator = (list(comparison?.name)[0]?.String as Tree | undefined)?.sval
  if (!comparison || operator !== '=') return []
  const [left, right] = [comparison.lexpr as Tree, comparison.rexpr]
  if (comparison.kind === 'AEXPR_OP') return [[sideOf(left, query), sideOf(right as Tree, query)]]
  if (comparison.kind === 'AEXPR_IN') return [[sideOf(left, query), { kind: 'ids' }]]
  if (comparison.kind !== 'AEXPR_OP_ANY') return []
  const array = bare(right as Tree)
  const isKnown = array.ParamRef || (array.SubLink && isOfDirectory(array.SubLink as Tree, query))
  return [[sideOf(left, query), isKnown ? { kind: 'ids' } : { kind: 'other' }]]
}

/** Whether a subquery reads the directory, or what the statement has read before it. */
const isOfDirectory = (link: Tree, query: Query): boolean =>
  queriesOf(link.subselect, query).every(({ relations }) => relations.every(({ kind }) => kind !== 'organization'))

/** The key of an inserted row, and what it is. */
function inserted({ kind, tree, relations }: Query): [Side, Side][] {
  const [relation] = relations
  if (kind !== 'InsertStmt' || relation?.kind !== 'organization') return []
  const place = list(tree.cols).findIndex(({ ResTarget }) => (ResTarget as Tree).name === relation.key)
  const source = ((tree.selectStmt as Tree).SelectStmt ?? {}) as Tree
  const target: Side = { kind: 'key', relation }
  const rows = list(source.valuesLists).map(({ List }) => valueSide(list((List as Tree).items)[place]!))
  if (rows.length > 0) return rows.map((side) => [target, side])
  // A function gives rows that the caller sent.
  if (list(source.fromClause).length > 0) return [[target, { kind: 'ids' }]]
  return [[target, valueSide((list(source.targetList)[place]!.ResTarget as Tree).val as Tree)]]
}

function valueSide(tree: Tree): Side {
  const { ParamRef, A_Const } = bare(tree) as Record<string, Tree | undefined>
  if (ParamRef) return { kind: 'value', name: `$${String(ParamRef.number)}` }
  if (A_Const) return { kind: 'value', name: JSON.stringify(A_Const) }
  return { kind: 'other' }
}

function sideOf(tree: Tree, query: Query): Side {
  const { ColumnRef } = bare(tree) as { ColumnRef?: Tree }
  if (!ColumnRef) return valueSide(tree)
  const fields = list(ColumnRef.fields).map(({ String: text }) => (text as Tree | undefined)?.sval as string)
  const [column, alias] = fields.reverse()
  const relation = relationOf(query, column!, alias)
  if (relation?.kind === 'function') return { kind: 'ids' }
  return relation?.kind === 'organization' && relation.key === column ? { kind: 'key', relation } : { kind: 'other' }
}

function relationOf({ relations, outer }: Query, column: string, alias?: string): Relation | undefined {
  const found = alias
    ? relations.find((relation) => relation.alias === alias)
    : (relations.find(({ key }) => key === column) ?? relations[0])
  return found ?? (outer && relationOf(outer, column, alias))
}

function bare(tree: Tree): Tree {
  const { TypeCast } = tree as { TypeCast?: Tree }
  return TypeCast ? bare(TypeCast.arg as Tree) : tree
}

const isClock = (tree: unknown): boolean =>
  nodesOf(tree, 'SQLValueFunction').length > 0 ||
  nodesOf(tree, 'FuncCall').some(({ funcname }) =>
    list(funcname).some(({ String: text }) => ['now', 'clock_timestamp'].includes((text as Tree).sval as string)),
  )

function faultsOfQuery({ tree, relations, conditions, common, ...query }: Query): string[] {
  const faults: string[] = []
  const conditional = [...nodesOf(tree, 'CaseExpr'), ...nodesOf(tree, 'CoalesceExpr')]
  if (conditional.some(isClock)) faults.push('asks for the time within case or coalesce')
  if (isClock((tree.onConflictClause as Tree | undefined)?.targetList))
    faults.push('asks for the time in on conflict do update')
  for (const item of nodesOf(tree.fromClause, 'RangeSubselect'))
    if (item.lateral && isLimited(item) && nearby(item, { ...query, tree, relations, conditions, common }))
      faults.push('reads an organization table within a lateral subquery with a limit')
  const selected = (tree.selectStmt as Tree | undefined)?.SelectStmt as Tree | undefined
  const sources = nodesOf(selected?.fromClause, 'RangeVar').map(({ relname }) => relname as string)
  if (query.kind === 'InsertStmt' && sources.some((name) => !common.has(name)))
    faults.push(`inserts rows selected from ${sources.join(', ')}`)
  return faults
}

const isLimited = (item: Tree): boolean => {
  const { limitCount, limitOffset } = (item.subquery as Tree).SelectStmt as Tree
  return Boolean(limitCount ?? limitOffset)
}

/** Whether a subquery reads an organization table by a row beside it, and not by a value. */
function nearby(item: Tree, query: Query): boolean {
  const within = queriesOf(item.subquery, query)
  return [...reachesOf(within).values()].some(({ values }) => values.size === 0)
}

function faultsOfWrites(queries: Query[]): string[] {
  const faults: string[] = []
  const written = new Set(
    queries.filter(({ kind }) => kind !== 'SelectStmt').map(({ relations }) => relations[0]!.name),
  )
  if (written.size > 1) faults.push(`writes ${[...written].sort().join(' and ')}`)
  for (const query of queries) {
    const open = [...reachesOf([query])].filter(([, { values }]) => values.size === 0).map(([relation]) => relation)
    if (open.length === 0) continue
    if (nodesOf({ ...query.tree, withClause: undefined }, 'LockingClause').length > 0)
      faults.push(`locks rows of ${open.map(nameOf).join(', ')} of several organizations`)
    if (usesPlace(query)) faults.push(`goes by ctid without the organization of ${open.map(nameOf).join(', ')}`)
  }
  return faults
}

const usesPlace = ({ tree }: Query): boolean =>
  nodesOf(tree, 'ColumnRef').some(({ fields }) =>
    list(fields).some(({ String: text }) => (text as Tree | undefined)?.sval === 'ctid'),
  )
