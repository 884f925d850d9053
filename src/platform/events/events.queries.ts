import { type NamedQuery, namedQuery, SEARCH, wireTime } from '../database/fast-path/named-query.js'
import { insertOf } from './event-rows.js'

/** An event as it is sealed, with PostgreSQL’s own text of each value, so that its hash can be computed again. */
export interface LoggedEvent {
  organization_id: string
  id: string
  type: string
  item_id: string | null
  payload: string
  changes: string | null
  user_id: number | null
  credential_kind: string
  credential_id: string
  request_id: string
  created_at: string
}

const logged = `organization_id, id, type, item_id, payload::text as payload, changes::text as changes, user_id,
  credential_kind, credential_id, request_id, ${wireTime('created_at')} as created_at`

/** Takes rows by organization, each in the order of these columns. */
export const appendEvents = insertOf(
  'events.append',
  'events',
  'organization_id',
  'id, type, item_id, payload, changes, user_id, credential_kind, credential_id, request_id, ip, user_agent',
)

/**
 * The same for many organizations in one statement: an array for each column with an element for each event, first the
 * organizations, then in the order of {@link appendEvents}.
 */
export const appendEventsOfMany = namedQuery(
  'events.append_of_many',
  `insert into events (organization_id, id, type, item_id, payload, changes, user_id, credential_kind, credential_id,
     request_id, ip, user_agent)
   select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::integer[],
     $8::text[], $9::text[], $10::text[], $11::inet[], $12::text[])`,
)

/** Takes rows by the person they concern, each in the order of these columns. */
export const appendSecurityEvents = insertOf(
  'security_events.append',
  'security_events',
  'user_id',
  'id, type, payload, by_user_id, credential_kind, credential_id, request_id, ip, user_agent',
  { column: 'current_organization_id', value: '(select current_organization_id from users where id = $1)' },
)

/** $1 how many: the oldest events that have no number yet. */
export const unsealedEvents = namedQuery<LoggedEvent>(
  'events.unsealed',
  `select ${logged} from events where seq is null order by id limit $1`,
)

/** $1 organizations: the last number that each has given, with its hash. */
export const headsOf = namedQuery<{ organization_id: string; seq: string; hash: Buffer }>(
  'events.heads',
  'select organization_id, seq, hash from event_heads where organization_id = any($1::uuid[])',
)

/** $1 organizations, $2 ids, $3 numbers, $4 hashes. */
export const sealEvents = namedQuery(
  'events.seal',
  `update events e set seq = s.seq, hash = s.hash
   from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) as s (organization_id, id, seq, hash)
   where e.organization_id = s.organization_id and e.id = s.id`,
)

/** $1 organizations, $2 numbers, $3 hashes. */
export const moveHeads = namedQuery(
  'events.move_heads',
  `insert into event_heads (organization_id, seq, hash)
   select * from unnest($1::uuid[], $2::bigint[], $3::bytea[])
   on conflict (organization_id) do update set seq = excluded.seq, hash = excluded.hash`,
)

/** $1 organizations, $2 subscriptions, $3 events, $4 numbers. */
export const addDeliveries = namedQuery(
  'events.add_deliveries',
  `insert into event_deliveries (organization_id, subscription, event_id, seq)
   select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[])`,
)

export const allSubscriptions = namedQuery<{ name: string; types: string[] }>(
  'events.subscriptions',
  'select name, types from event_subscriptions',
)

/** $1 names, $2 types as JSON arrays, $3 whether each is ordered. */
export const keepSubscriptions = namedQuery(
  'events.keep_subscriptions',
  `insert into event_subscriptions (name, types, ordered)
   select name, array(select jsonb_array_elements_text(types::jsonb)), ordered
   from unnest($1::text[], $2::text[], $3::boolean[]) as s (name, types, ordered)
   on conflict (name) do update set types = excluded.types, ordered = excluded.ordered, seen_at = excluded.seen_at`,
)

/** A delivery that is due, with its event. */
export interface DueDelivery {
  subscription: string
  organization_id: string
  event_id: string
  seq: string
  /** As text, to keep the microseconds: they show whether another server has taken it. */
  available_at: string
  attempts: number
  type: string
  item_id: string | null
  payload: Record<string, unknown>
  changes: Record<string, { before: unknown; after: unknown }> | null
  user_id: number | null
  credential_kind: string
  credential_id: string
  request_id: string
  ip: string | null
  user_agent: string | null
  created_at: Date
}

/** SQL for one subscription; from `$first` on: its name, how many it may take, whether it is ordered. */
const dueOf = (first: number) => `(
   select d.subscription, d.organization_id, d.event_id, d.seq, d.available_at::text as available_at, d.attempts,
     e.type, e.item_id, e.payload, e.changes, e.user_id, e.credential_kind, e.credential_id, e.request_id,
     host(e.ip) as ip, e.user_agent, e.created_at
   from event_deliveries d join events e on e.organization_id = d.organization_id and e.id = d.event_id
   where d.subscription = $${first} and d.failed_at is null and d.available_at <= now()
     and (not $${first + 2}::boolean or not exists (
       select 1 from event_deliveries earlier
       where earlier.organization_id = d.organization_id and earlier.subscription = d.subscription
         and earlier.seq < d.seq and earlier.failed_at is null))
   order by d.available_at limit $${first + 1})`

/** For each subscription three values: its name, how many it may take, whether it is ordered. */
export const dueDeliveries = (subscriptions: number): NamedQuery<DueDelivery> =>
  namedQuery(
    `events.due_${subscriptions}`,
    `select * from (${Array.from({ length: subscriptions }, (_, index) => dueOf(3 * index + 1)).join(' union all ')}) due`,
    SEARCH,
  )

/**
 * $1 organization, $2 subscription, $3 event, $4 when it was due, $5 seconds: takes a delivery, unless another server
 * has taken it since it was read.
 */
export const takeDelivery = namedQuery<{ attempts: number }>(
  'events.take',
  `update event_deliveries set available_at = now() + make_interval(secs => $5)
   where organization_id = $1 and subscription = $2 and event_id = $3 and available_at = $4::timestamptz
     and failed_at is null
   returning attempts`,
)

/** $1 organization, $2 subscription, $3 event. */
export const endDelivery = namedQuery(
  'events.end',
  'delete from event_deliveries where organization_id = $1 and subscription = $2 and event_id = $3',
)

/** $1 organization, $2 subscription, $3 event, $4 why, $5 seconds until the next attempt. */
export const failDelivery = namedQuery(
  'events.fail',
  `update event_deliveries set attempts = attempts + 1, last_error = $4, available_at = now() + make_interval(secs => $5)
   where organization_id = $1 and subscription = $2 and event_id = $3`,
)

/** $1 organization, $2 subscription, $3 event, $4 why: this was the last attempt. */
export const giveUpDelivery = namedQuery(
  'events.give_up',
  `update event_deliveries set attempts = attempts + 1, last_error = $4, failed_at = now()
   where organization_id = $1 and subscription = $2 and event_id = $3`,
)

/** $1 how many: deliveries that were given up. */
export const failedDeliveries = namedQuery<{
  organization_id: string
  event_id: string
  subscription: string
  type: string
  attempts: number
  last_error: string | null
  failed_at: Date
}>(
  'events.failed',
  `select d.organization_id, d.event_id, d.subscription, e.type, d.attempts, d.last_error, d.failed_at
   from event_deliveries d join events e on e.organization_id = d.organization_id and e.id = d.event_id
   where d.failed_at is not null
   order by d.failed_at, d.event_id limit $1`,
  SEARCH,
)

/** $1 a subscription or null for all, $2 an event or null for all: makes them due again, as if they had never failed. */
export const retryDeliveries = namedQuery<{ event_id: string }>(
  'events.retry',
  `update event_deliveries set failed_at = null, attempts = 0, available_at = now()
   where failed_at is not null and ($1::text is null or subscription = $1) and ($2::uuid is null or event_id = $2)
   returning event_id`,
)
