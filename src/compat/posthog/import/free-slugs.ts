import { slugOf, slugWithSuffix } from '../../../organizations/slug.js'
import type { Transaction } from '../../../platform/database/database.js'

/**
 * Makes slugs for organizations without one. All have a suffix: the plain slug of the name may belong to a later line,
 * which would then be refused. @returns slugs by organization id
 */
export async function freeSlugs(
  tx: Transaction,
  organizations: readonly { id: string; name: string }[],
): Promise<Map<string, string>> {
  const made = new Map<string, string>()
  const used = new Set<string>()
  let left = await Promise.all(organizations.map(async ({ id, name }) => ({ id, slug: await slugOf(name) })))
  for (let letters = 4; left.length > 0; letters++) {
    const tried = left.map(({ id, slug }) => ({ id, slug, candidate: slugWithSuffix(slug, letters) }))
    const rows: { slug: string }[] = await tx.manager.query(
      'select slug from organization_slugs where slug = any($1)',
      [tried.map(({ candidate }) => candidate)],
    )
    for (const { slug } of rows) used.add(slug)
    left = tried.filter(({ id, candidate }) => {
      if (used.has(candidate)) return true
      used.add(candidate)
      made.set(id, candidate)
      return false
    })
  }
  return made
}
