import { Injectable } from '@nestjs/common'
import { randomUUID } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { AccessCache } from '../../access/index.js'
import { Database, type Transaction } from '../../platform/database/database.js'
import { pagesByKey } from '../../platform/database/pages-by-key.js'
import type { Actor } from '../../platform/events/domain-event.js'
import { notFound } from '../../platform/http/http.errors.js'
import { fieldError } from '../../platform/http/validation.errors.js'
import { EMAIL_LENGTH, isUuid, storedEmailOf, textProblem } from '../../platform/values/stored-values.js'
import { User } from './user.entity.js'
import { emailTaken } from './user.errors.js'
import { userActivated, userCreated, userDeactivated } from './user.events.js'
import { switchUser, usersAfter } from './users.queries.js'

export interface NewUser {
  /** Anything that the column can hold. Null and undefined mean the empty address. */
  email?: string | null
  first_name: string
  last_name?: string
}

/** A transaction, or any connection. */
type Reads = Pick<Transaction, 'manager'>

/** Creates, finds, deactivates and activates users. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly access: AccessCache,
  ) {}

  /** @throws {ApiError} 400 if the address is taken, ignoring case, or a column cannot hold a value */
  async create(by: Actor, { email, first_name, last_name = '' }: NewUser): Promise<User> {
    const stored = { email: storedEmailOf(email), first_name, last_name }
    refuseUnstorable(stored)
    return this.database.transaction(
      async (tx) => {
        const [row] = await tx.manager.query<{ id: number }[]>(
          `insert into users (uuid, distinct_id, email, first_name, last_name, is_email_verified)
           values ($1, $2, $3::text, $4, $5, $3::text <> '') on conflict (lower(email)) where email <> '' do nothing
           returning id`,
          [uuidv7(), randomUUID(), stored.email, first_name, last_name],
        )
        if (!row) throw emailTaken()
        tx.publish(userCreated(by, row.id, {}))
        return tx.manager.findOneByOrFail(User, { id: row.id })
      },
      { tx: by.tx },
    )
  }

  /**
   * Finds the user with this e-mail address, ignoring case, or creates one. For code that signs people in. Pass only an
   * address that the person has proven to own: without proof, anyone could become anyone.
   * @throws {ApiError} 400 without an address, or if a column cannot hold a value
   */
  async findOrCreate(by: Actor, user: NewUser & { email: string }): Promise<User> {
    const found = await this.byEmail(user.email)
    if (found) return found
    if (storedEmailOf(user.email) === '') throw fieldError('email', { constraint: 'blank' })
    try {
      return await this.create(by, user)
    } catch (error) {
      // Two requests of a new user may arrive at once.
      const made = await this.byEmail(user.email)
      if (made) return made
      throw error
    }
  }

  /** Makes all keys of the user invalid at once. Memberships stay. @throws {ApiError} 404 */
  deactivate(by: Actor, id: number): Promise<User> {
    return this.setActive(by, id, false)
  }

  /** Undoes {@link deactivate}. @throws {ApiError} 404 */
  activate(by: Actor, id: number): Promise<User> {
    return this.setActive(by, id, true)
  }

  /** All users, page by page, ordered by id. */
  all(): AsyncIterable<User[]> {
    return pagesByKey(
      0,
      (after, limit) => this.database.query(usersAfter, [after, limit]),
      ({ id }) => id,
    )
  }

  /** @param on pass your transaction, if you are in one: waiting for a second connection may never end */
  byId(id: number, on: Reads = this.database.dataSource): Promise<User | null> {
    return on.manager.findOneBy(User, { id })
  }

  /** The same by UUID. Null for a text that is not a UUID. */
  async byUuid(uuid: string, on: Reads = this.database.dataSource): Promise<User | null> {
    return isUuid(uuid) ? on.manager.findOneBy(User, { uuid }) : null
  }

  /** The same by e-mail address, ignoring case. Null for the empty address. */
  byEmail(email: string, on: Reads = this.database.dataSource): Promise<User | null> {
    return on.manager
      .createQueryBuilder(User, 'user')
      .where("lower(user.email) = lower(:email) and user.email <> ''", { email: storedEmailOf(email) })
      .getOne()
  }

  /** Whether there are no users, as on the very first start. */
  async isEmpty(tx: Transaction): Promise<boolean> {
    return (await tx.manager.query<unknown[]>('select id from users order by id limit 1')).length === 0
  }

  /** Makes an organization, and a project in it, the user’s current ones. */
  async switchTo(tx: Transaction, userId: number, organizationId: string, projectId: number | null): Promise<void> {
    this.access.forgetAfter(tx, `user:${userId}`)
    await tx.query(switchUser, [userId, organizationId, projectId])
  }

  private async setActive(by: Actor, id: number, is_active: boolean): Promise<User> {
    return this.database.transaction(
      async (tx) => {
        const user = await tx.lock(User, { id })
        if (!user) throw notFound()
        if (user.is_active === is_active) return user
        this.access.forgetAfter(tx, `user:${id}`)
        await tx.manager.update(User, { id }, { is_active })
        tx.publish((is_active ? userActivated : userDeactivated)(by, id, {}))
        return Object.assign(user, { is_active })
      },
      { user_id: id, tx: by.tx },
    )
  }
}

/** The widths of the columns. */
const widths = { email: EMAIL_LENGTH, first_name: 150, last_name: 150 }

/** @throws {ApiError} 400 that names the first field whose column cannot hold its value */
function refuseUnstorable(user: Record<keyof typeof widths, string>): void {
  for (const field of Object.keys(widths) as (keyof typeof widths)[]) {
    const problem = textProblem(user[field], widths[field])
    if (problem) throw fieldError(field, problem)
  }
}
