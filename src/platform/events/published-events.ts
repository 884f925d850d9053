import { uuidv7 } from 'uuidv7'
import type { NamedQuery } from '../database/fast-path/named-query.js'
import type { Actor, DomainEvent, SecurityEvent } from './domain-event.js'
import { appendEvents, appendEventsOfMany, appendSecurityEvents } from './events.queries.js'

/** If a transaction publishes in more organizations, it is an import, and one statement writes all its events. */
const FEW_ORGANIZATIONS = 8

/** The events that a transaction has published and not yet written, as rows. */
export class PublishedEvents {
  private readonly ofOrganizations = new Map<string, unknown[][]>()
  private readonly ofPeople = new Map<number, unknown[][]>()

  add(event: DomainEvent<unknown> | SecurityEvent<unknown>): void {
    const { type, by } = event
    const payload = JSON.stringify(event.payload)
    if ('organization_id' in event) {
      const changes = event.changes && JSON.stringify(event.changes)
      const row = [uuidv7(), type, event.item_id, payload, changes, ...whoOf(by)]
      addTo(this.ofOrganizations, event.organization_id, row)
    } else {
      addTo(this.ofPeople, event.user_id, [uuidv7(), type, payload, ...whoOf(by)])
    }
  }

  /** A copy of what has been published so far, to return to if the next part fails. */
  copy(): PublishedEvents {
    const copy = new PublishedEvents()
    for (const [owner, rows] of this.ofOrganizations) copy.ofOrganizations.set(owner, [...rows])
    for (const [owner, rows] of this.ofPeople) copy.ofPeople.set(owner, [...rows])
    return copy
  }

  /** The statements that write them. */
  *statements(): Generator<[query: NamedQuery<unknown>, values: unknown[]]> {
    if (this.ofOrganizations.size <= FEW_ORGANIZATIONS) yield* appendEvents(this.ofOrganizations)
    else yield [appendEventsOfMany, columnsOf(this.ofOrganizations)]
    yield* appendSecurityEvents(this.ofPeople)
  }
}

function addTo<Owner>(rows: Map<Owner, unknown[][]>, owner: Owner, row: unknown[]): void {
  const own = rows.get(owner)
  if (own) own.push(row)
  else rows.set(owner, [row])
}

/** An array for each column, the owner's first. */
function columnsOf<Owner>(byOwner: Map<Owner, unknown[][]>): unknown[][] {
  const rows = [...byOwner].flatMap(([owner, own]) => own.map((row) => [owner, ...row]))
  return rows[0]!.map((_, column) => rows.map((row) => row[column]))
}

const whoOf = ({ user, credential, origin }: Actor): unknown[] => [
  user?.id ?? null,
  credential.kind,
  credential.id,
  origin.request_id,
  origin.ip,
  origin.user_agent,
]
