import { randomBytes } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { slugOf } from '../../../dist/organizations/slug.js'
import { statements } from './statements.mjs'

/** Runs `work` in a transaction, with a function that runs a named statement in it. */
async function transaction(pool, work) {
  const client = await pool.connect()
  const query = async (name, values) => (await client.query({ name, text: statements[name], values })).rows
  try {
    await client.query('begin')
    const result = await work(query)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/** The rows that our own server writes, in the same order. */
export const createOrganization = (pool, userId, requestId, name) =>
  transaction(pool, async (query) => {
    const id = uuidv7()
    const slug = await slugOf(name)
    if ((await query('slug', [slug])).length === 0) throw new Error(`The slug ${slug} is taken`)
    await query('createOrganization', [id, name, slug])
    await query('createSlug', [slug, id])
    const [project] = await query('createProject', [id, uuidv7(), `phc_${randomBytes(32).toString('base64url')}`])
    const membership = uuidv7()
    await query('createMembership', [id, membership, userId])
    await query('createEntry', [id, userId])
    await query('switchUser', [userId, id, project.id])
    const publish = publisher(query, id, userId, requestId)
    await publish('organization.created', id, { name })
    await publish('project.created', project.id, { name: 'Default project' })
    await publish('member.joined', membership, { user_id: userId, level: 15 })
    return (await query('one', [id, userId]))[0]
  })

/** @returns the row, or undefined for someone who may not know or change the organization */
export const renameOrganization = (pool, userId, requestId, id, name) =>
  transaction(pool, async (query) => {
    const [before] = await query('lock', [id, userId])
    if (!before || before.level < 8) return undefined
    if (before.name !== name) {
      await query('rename', [id, name])
      const changes = { name: { before: before.name, after: name } }
      await publisher(query, id, userId, requestId)('organization.updated', id, {}, changes)
    }
    return (await query('one', [id, userId]))[0]
  })

/** Writes the events that our own server writes. */
const publisher =
  (query, organizationId, userId, requestId) =>
  (type, itemId, payload, changes = null) =>
    query('publish', [
      uuidv7(),
      type,
      organizationId,
      String(itemId),
      JSON.stringify(payload),
      changes && JSON.stringify(changes),
      userId,
      requestId,
    ])
