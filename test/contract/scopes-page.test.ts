import { expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { type AccessRule, Plugins, type RouteDeclaration, RouteDeclarations } from '../../src/index.js'
import { everyMarketplace } from '../../src/server/every-marketplace.js'
import { MembershipLevel, useServer } from '../support/kit.js'

const PAGE = 'docs/scopes.md'
const server = useServer({ environment: everyMarketplace })

const code = (text: string): string => `\`${text}\``

/** Who may call, without a key of ours as well. */
function callers(rule: AccessRule): string {
  if (rule.kind === 'public') return 'everyone'
  if (rule.kind === 'no-keys') return 'nobody with a key'
  if (rule.kind === 'guarded') return `what ${code(rule.by)} lets in`
  if (rule.organization.in === 'nowhere') return 'every user'
  return {
    [MembershipLevel.Member]: 'members',
    [MembershipLevel.Admin]: 'admins, owners',
    [MembershipLevel.Owner]: 'owners',
  }[rule.level]
}

function place(rule: AccessRule): string {
  if (rule.kind !== 'scope' || rule.organization.in === 'nowhere') return 'nowhere'
  const { organization } = rule
  return organization.in === 'body'
    ? `${code(organization.field)} in the body`
    : `${code(`:${organization.parameter}`)} in the path`
}

const scopeOf = (rule: AccessRule): string =>
  rule.kind !== 'scope' ? 'none' : rule.scope === undefined ? 'any key' : code(rule.scope)

const inOrder = (one: RouteDeclaration, other: RouteDeclaration): number =>
  `${one.path} ${one.method}` < `${other.path} ${other.method}` ? -1 : 1

const table = (head: string[], rows: string[][]): string[] => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)]
}

/** What stands in the page below a heading, made of what the modules declare. */
const generated = (): Record<string, string[]> => ({
  Scopes: table(
    ['scope', 'what a key with it may do'],
    new Plugins().scopes.definitions.flatMap(({ object, read, write }) => [
      [code(`${object}:read`), read],
      [code(`${object}:write`), write],
    ]),
  ),
  Routes: table(
    ['route', 'scope', 'who', 'where the organization is found'],
    server.application
      .get(RouteDeclarations)
      .all()
      .sort(inOrder)
      .map(({ method, path, rule }) => [code(`${method} ${path}`), scopeOf(rule), callers(rule), place(rule)]),
  ),
})

/** The page with each table in its place: below the heading of its name. */
const withTables = (page: string): string =>
  Object.entries(generated()).reduce(
    (text, [heading, lines]) =>
      text.replace(
        new RegExp(`(^## ${heading}$[^|]*)(?:^\\|.*\\n)+`, 'm'),
        (_, before: string) => `${before}${lines.join('\n')}\n`,
      ),
    page,
  )

it('docs/scopes.md lists every scope, and every route with who may call it; UPDATE_DOCS=1 writes it', async () => {
  const page = await readFile(PAGE, 'utf8')
  const written = withTables(page)
  if (process.env.UPDATE_DOCS) await writeFile(PAGE, written)
  else expect(page).toBe(written)
  for (const heading of Object.keys(generated())) expect(written).toContain(`## ${heading}\n`)
})
