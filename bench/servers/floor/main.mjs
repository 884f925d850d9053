import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import { statements } from './statements.mjs'
import { invalidKey, notFound, organizationNotFound, organizationView } from './views.mjs'
import { createOrganization, renameOrganization } from './writes.mjs'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const query = async (name, values) => (await pool.query({ name, text: statements[name], values })).rows

createServer((request, response) => {
  answer(request).then(
    ([status, body]) => send(response, status, body),
    (error) => {
      if (request.errored) return
      console.error(error)
      send(response, 500, { detail: 'A server error occurred.' })
    },
  )
}).listen(Number(process.env.PORT), '127.0.0.1')

function send(response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

async function answer(request) {
  const key = request.headers.authorization?.slice('Bearer '.length) ?? ''
  const hash = `sha256$${createHash('sha256').update(key).digest('hex')}`
  const [caller] = await query('key', [hash])
  if (!caller) return [401, invalidKey]
  const url = new URL(request.url, `http://${request.headers.host}`)
  const [, , resource, id, nested] = url.pathname.split('/')
  if (resource !== 'organizations') return [404, notFound]
  if (!id) return request.method === 'POST' ? create(request, caller) : list(url, caller)
  if (nested === 'integrations') return integrations(id, caller)
  if (request.method === 'PATCH') return rename(request, id, caller)
  const [row] = await query('one', [id, caller.user_id])
  return row ? [200, organizationView(row)] : [404, notFound]
}

async function list(url, caller) {
  const limit = Number(url.searchParams.get('limit') ?? 100)
  const offset = Number(url.searchParams.get('offset') ?? 0)
  const rows = await query('page', [caller.user_id, limit, offset])
  const count = rows[0]?.total ?? 0
  return [200, { count, ...links(url, limit, offset, count), results: rows.map(organizationView) }]
}

async function integrations(id, caller) {
  const rows = await query('integrations', [id, caller.user_id])
  if (rows.length === 0) return [404, organizationNotFound]
  const results = rows.filter((row) => row.id !== null)
  return [200, { count: results.length, next: null, previous: null, results }]
}

async function create(request, caller) {
  const { name } = await bodyOf(request)
  return [201, organizationView(await createOrganization(pool, caller.user_id, randomUUID(), name))]
}

async function rename(request, id, caller) {
  const { name } = await bodyOf(request)
  const row = await renameOrganization(pool, caller.user_id, randomUUID(), id, name)
  return row ? [200, organizationView(row)] : [404, notFound]
}

async function bodyOf(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return JSON.parse(Buffer.concat(parts))
}

function links(url, limit, offset, count) {
  const link = (start) => {
    url.searchParams.set('limit', String(limit))
    if (start > 0) url.searchParams.set('offset', String(start))
    else url.searchParams.delete('offset')
    return url.toString()
  }
  return {
    next: offset + limit < count ? link(offset + limit) : null,
    previous: offset > 0 ? link(Math.max(offset - limit, 0)) : null,
  }
}
