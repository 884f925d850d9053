import {
  CALLER,
  callersOrganizations,
  COLLECTOR,
  firstCreator,
  foreignOrganizations,
  keyOf,
  OWNED,
} from './fixtures.mjs'

/**
 * What is asked of the servers, and the statuses that count as an answer. Those marked `large` need a large database; what
 * is refused is related to the scenario that it is `besides`. One with `neighbours` is measured while so many more
 * connections search, and related to the scenario that asks the same `quietly`.
 */
export const scenarios = {
  retrieve: { about: 'one organization', statuses: [200] },
  list: { about: '100 of the caller’s 120', statuses: [200] },
  create: { about: 'an organization', statuses: [200, 201] },
  rename: { about: 'an organization', statuses: [200] },
  integrations: { about: 'list those of an organization', statuses: [200] },
  'bad-key': { about: '401: a key that does not exist', statuses: [401], besides: 'retrieve' },
  'foreign-id': { about: '404: an organization of others', statuses: [404], besides: 'retrieve' },
  throttled: { about: '429: a key past its limit', statuses: [200, 429], besides: 'retrieve' },
  'retrieve-alone': { about: 'one organization, a connection for each request', statuses: [200], alone: true },
  'too-large': {
    about: '413: a body of 2 MiB, announced; a connection for each',
    statuses: [413],
    besides: 'retrieve-alone',
    alone: true,
  },
  mix: { about: '80 % retrieve, 10 list, 5 create, 5 rename', statuses: [200, 201] },
  search: { about: 'by name, among the caller’s 120', statuses: [200], large: true },
  'first-page': { about: 'of a member of 50,000', statuses: [200], large: true },
  'deep-page': { about: 'the last 100 of 50,000', statuses: [200], large: true },
  'retrieve among many': { about: 'one organization, with as many organizations', statuses: [200], large: true },
  'retrieve beside searches': {
    about: 'the same beside four who search among their 50,000',
    statuses: [200],
    large: true,
    neighbours: 4,
    quietly: 'retrieve among many',
  },
}

let names = 0
/** Never twice, so that a rename is a change and a slug is free. */
export const newName = () => `Bench ${process.pid} ${++names}`

const path = '/api/organizations/'
const authorization = (userId) => ({ authorization: `Bearer ${keyOf(userId)}` })
const asCaller = authorization(CALLER)
const json = { 'content-type': 'application/json' }

/** A request with a body that is new every time. */
export const writing = (request, body) => ({
  ...request,
  setupRequest: (sent) => ({ ...sent, body: JSON.stringify(body()) }),
  body: JSON.stringify(body()),
})

/** A body that is announced, and sent only by who is invited to. */
export const tooLarge = () => [
  {
    method: 'POST',
    path,
    headers: { ...asCaller, ...json, 'content-length': String(2 * 1_048_576), expect: '100-continue' },
  },
]

/** What neighbours ask: by name, among the organizations of a member of 50,000. */
export const neighbourRequests = () => [
  { method: 'GET', path: `${path}?limit=100&search=organization`, headers: authorization(COLLECTOR) },
]

/** The requests of one connection to a server that speaks our API. */
export function polityRequests(scenario, size, connection) {
  const get = (url, headers = asCaller) => ({ method: 'GET', path: url, headers })
  const own = turned(callersOrganizations(size), connection)
  const owned = callersOrganizations(size).slice(0, OWNED)
  // Every connection renames organizations of its own, so that none waits for another's row.
  const renamed = owned.filter((_, index) => index % (OWNED / 2) === connection)
  const named = () => ({ name: newName() })
  const create = writing(
    { method: 'POST', path, headers: { ...authorization(firstCreator + connection), ...json } },
    named,
  )
  const rename = (id) => writing({ method: 'PATCH', path: `${path}${id}/`, headers: { ...asCaller, ...json } }, named)
  const list = get(`${path}?limit=100`)
  switch (scenario) {
    case 'retrieve':
    case 'retrieve-alone':
    case 'retrieve among many':
    case 'retrieve beside searches':
      return own.map((id) => get(`${path}${id}/`))
    case 'list':
      return [list]
    case 'create':
      return [create]
    case 'rename':
      return renamed.map(rename)
    case 'integrations':
      return own.map((id) => get(`${path}${id}/integrations/`))
    case 'bad-key':
      return [get(`${path}${own[0]}/`, { authorization: `Bearer ${keyOf(0)}` })]
    case 'foreign-id':
      return turned(foreignOrganizations(size), connection).map((id) => get(`${path}${id}/`))
    case 'mix':
      return mixed(
        own.map((id) => get(`${path}${id}/`)),
        list,
        create,
        renamed.map(rename),
        connection,
      )
    case 'search':
      return [get(`${path}?limit=100&search=organization`)]
    case 'first-page':
      return [get(`${path}?limit=100`, authorization(COLLECTOR))]
    case 'deep-page':
      return [get(`${path}?limit=100&offset=49900`, authorization(COLLECTOR))]
  }
}

/** Of every twenty requests sixteen read one organization, two a page, one creates and one renames. */
export function mixed(reads, list, create, renames, connection) {
  const twenty = (turn) => [
    ...Array.from({ length: 8 }, (_, index) => reads[(turn * 16 + index) % reads.length]),
    list,
    create,
    ...Array.from({ length: 8 }, (_, index) => reads[(turn * 16 + 8 + index) % reads.length]),
    list,
    renames[turn % renames.length],
  ]
  return turned([0, 1, 2, 3].flatMap(twenty), connection)
}

/** The same from another start, so that the connections do not ask for the same thing at once. */
export const turned = (list, by) => [...list.slice(by % list.length), ...list.slice(0, by % list.length)]
