import { createHash } from 'node:crypto'

/** How much there is in a database: organizations, and users who share some five memberships of each. */
export const sizes = {
  '10k': { organizations: 10_000, users: 5_000, collected: 0, every: 1 },
  '50k': { organizations: 50_000, users: 25_000, collected: 50_000, every: 1 },
  '1m': { organizations: 1_000_000, users: 500_000, collected: 50_000, every: 20 },
}

/** One for each connection, so that creations do not queue for one user's row. */
export const CONNECTIONS = 50
/** The caller's organizations; the first OWNED of them they own. */
export const MEMBER_OF = 120
export const OWNED = 100

/** The users with a key. The others, who fill the organizations, begin at FIRST_OTHER. */
export const CALLER = 1
export const firstCreator = 2
/** With the larger data: a member of so many organizations, of each, or of every twentieth. */
export const COLLECTOR = firstCreator + CONNECTIONS
export const FIRST_OTHER = 100

/** A key's value; what the database keeps of it is its hash. */
export const keyOf = (userId) => `phx_bench_${String(userId).padStart(34, '0')}`
export const hashOf = (key) => `sha256$${createHash('sha256').update(key).digest('hex')}`
export const keyHolders = [CALLER, ...Array.from({ length: CONNECTIONS + 1 }, (_, index) => firstCreator + index)]

/** The id of the organization `number`, from 1: UUIDv7 by its form, so they sort as they were created. */
export const organizationId = (number) => `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`

/** The caller's organizations lie apart, as they would in a database that has grown. */
export const callersOrganizations = (size) =>
  Array.from({ length: MEMBER_OF }, (_, index) => organizationId(1 + index * stride(size)))
export const foreignOrganizations = (size) =>
  Array.from({ length: MEMBER_OF }, (_, index) => organizationId(2 + index * stride(size)))

export const stride = (size) => Math.floor(sizes[size].organizations / MEMBER_OF)
