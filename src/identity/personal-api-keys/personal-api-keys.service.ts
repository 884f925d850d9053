import { Injectable } from '@nestjs/common'
import { MoreThan } from 'typeorm'
import { uuidv7 } from 'uuidv7'
import { AccessCache, hashKeyValue, maskKeyValue, newKeyValue, Scopes } from '../../access/index.js'
import { Database, type Transaction } from '../../platform/database/database.js'
import { isAmong } from '../../platform/database/fast-path/named-query.js'
import { pagesByKey } from '../../platform/database/pages-by-key.js'
import type { Actor } from '../../platform/events/domain-event.js'
import { requireText } from '../../platform/http/fields.js'
import { notFound } from '../../platform/http/http.errors.js'
import { isUuid } from '../../platform/values/stored-values.js'
import { PersonalApiKey } from './personal-api-key.entity.js'
import { keyCreated, keyRevoked, keyRolled, signedIn, signInEnded } from './personal-api-key.events.js'
import {
  invalidScope,
  notInFuture,
  organizationBeyondReach,
  teamBeyondReach,
  tooManyKeys,
} from './personal-api-key.errors.js'

/** How many keys a user may have; sign-ins do not count. */
export const MAX_KEYS = 10
const MAX_SIGN_INS = 10

/** The label of a key that stands for a sign-in, until there are sessions. Such a key always expires. */
const SIGN_IN_LABEL = 'Vercel sign-in'
const IS_SIGN_IN = `(label = '${SIGN_IN_LABEL}' and expires_at is not null)`
/** SQL for whether a key counts towards the ten that a user may have. */
export const COUNTS = `not ${IS_SIGN_IN}`
const MAX_LABEL_LENGTH = 40

export interface NewKey {
  user_id: number
  /** 1 to 40 characters, not counting the space around them. */
  label: string
  scopes: string[]
  /** Projects of the user's organizations. */
  scoped_teams?: number[]
  /** Organizations of the user's. */
  scoped_organizations?: string[]
  /** In the future; null for never. */
  expires_at?: Date | null
}

/** A key in PostHog’s fields. `value` is the key itself in the answers of `create` and `roll`, otherwise null. */
export type PersonalApiKeyView = Omit<PersonalApiKey, 'secure_value'> & { value: string | null }

/** Creates, rolls, lists and revokes personal API keys. */
@Injectable()
export class PersonalApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly access: AccessCache,
    private readonly scopes: Scopes,
  ) {}

  /** @throws {ApiError} 400 for a field that {@link NewKey} does not allow, and for the user’s eleventh key */
  async create(by: Actor, { label, scoped_organizations = [], ...key }: NewKey): Promise<PersonalApiKeyView> {
    const { user_id } = key
    requireText('label', label.trim(), MAX_LABEL_LENGTH)
    const unknown = key.scopes.find((scope) => !this.scopes.isGrantable(scope))
    if (unknown !== undefined || key.scopes.length === 0) {
      throw invalidScope({ scope: unknown ?? '', valid: this.scopes.list.join(', ') })
    }
    // Also refuses an invalid date, which compares as false.
    if (key.expires_at && !(key.expires_at.getTime() > Date.now())) throw notInFuture()
    return this.database.transaction(
      async (tx) => {
        await this.refuseBeyondReach(tx, { ...key, scoped_organizations })
        await this.holdUser(tx, user_id)
        const [held] = await tx.manager.query<{ count: number }[]>(
          `select count(*)::integer as count from personal_api_keys where user_id = $1 and ${COUNTS}`,
          [user_id],
        )
        if (held!.count >= MAX_KEYS) throw tooManyKeys()
        const made = await this.insert(tx, { ...key, label: label.trim(), scoped_organizations })
        const { scopes, scoped_teams, expires_at } = made
        const reach = { scopes, scoped_teams, scoped_organizations: made.scoped_organizations }
        const payload = { ...namesOf(made), ...reach, expires_at: expires_at?.toISOString() ?? null }
        tx.publish(keyCreated(by, user_id, payload))
        return made
      },
      { user_id, tx: by.tx },
    )
  }

  /**
   * Creates a key of every scope for a sign-in. It does not count towards the user’s ten keys. Of more than ten sign-ins
   * the oldest end.
   * @param method how the user proved their identity
   */
  signIn(by: Actor, user_id: number, expires_at: Date, method: string): Promise<PersonalApiKeyView> {
    return this.database.transaction(
      async (tx) => {
        await this.holdUser(tx, user_id)
        const [ended]: [{ id: string; expired: boolean }[]] = await tx.manager.query(
          `delete from personal_api_keys where user_id = $1 and ${IS_SIGN_IN} and id not in (
             select id from personal_api_keys where user_id = $1 and ${IS_SIGN_IN} and expires_at > now()
             order by created_at desc, id desc limit ${MAX_SIGN_INS - 1})
           returning id, expires_at <= now() as expired`,
          [user_id],
        )
        for (const { id, expired } of ended)
          tx.publish(signInEnded(by, user_id, { key_id: id, reason: expired ? 'expired' : 'too_many' }))
        const key = await this.insert(tx, { user_id, label: SIGN_IN_LABEL, scopes: ['*'], expires_at })
        tx.publish(signedIn(by, user_id, { method, key_id: key.id, expires_at: expires_at.toISOString() }))
        return key
      },
      { user_id, tx: by.tx },
    )
  }

  private async insert(tx: Transaction, key: NewKey): Promise<PersonalApiKeyView> {
    const value = newKeyValue()
    const id = uuidv7()
    await tx.insert(PersonalApiKey, {
      ...key,
      id,
      secure_value: hashKeyValue(value),
      mask_value: maskKeyValue(value),
    })
    this.access.forgetAfter(tx, `user:${key.user_id}`)
    return { ...toView(await tx.manager.findOneByOrFail(PersonalApiKey, { id })), value }
  }

  /** Gives the key a new value; the old one stops working at once. */
  async roll(by: Actor, id: string): Promise<PersonalApiKeyView> {
    const value = newKeyValue()
    return this.database.transaction(
      async (tx) => {
        const key = await this.lock(tx, id)
        const rolled = {
          secure_value: hashKeyValue(value),
          mask_value: maskKeyValue(value),
          last_rolled_at: new Date(),
        }
        await tx.manager.update(PersonalApiKey, { id }, rolled)
        tx.publish(keyRolled(by, key.user_id, namesOf(key)))
        return { ...toView({ ...key, ...rolled }), value }
      },
      { tx: by.tx },
    )
  }

  async revoke(by: Actor, id: string): Promise<void> {
    await this.database.transaction(
      async (tx) => {
        const key = await this.lock(tx, id)
        await tx.manager.delete(PersonalApiKey, { id })
        tx.publish(keyRevoked(by, key.user_id, namesOf(key)))
      },
      { tx: by.tx },
    )
  }

  /** A user's keys, newest first. */
  async list(userId: number): Promise<PersonalApiKeyView[]> {
    const found = await this.keys.find({ where: { user_id: userId }, order: { created_at: 'DESC', id: 'DESC' } })
    return found.map(toView)
  }

  /** The keys of all users, page by page, ordered by id, which begins with the time of creation. */
  all(): AsyncIterable<PersonalApiKeyView[]> {
    return pagesByKey(
      '',
      async (after, take) =>
        (await this.keys.find({ where: { id: MoreThan(after) }, order: { id: 'ASC' }, take })).map(toView),
      ({ id }) => id,
    )
  }

  /** @throws {ApiError} 404 */
  async one(id: string): Promise<PersonalApiKeyView> {
    const key = await this.keys.findOneBy({ id })
    if (!key) throw notFound()
    return toView(key)
  }

  /** Locks the user’s row, so that two creations for one user run one after the other and the second counts the first. */
  private async holdUser(tx: Transaction, userId: number): Promise<void> {
    await tx.manager.query('select 1 from users where id = $1 for update', [userId])
  }

  /** The guard checks the user's membership as well, so the keys of a user who leaves later lose the organization too. */
  private async refuseBeyondReach(
    tx: Transaction,
    {
      user_id,
      scoped_organizations = [],
      scoped_teams = [],
    }: Pick<NewKey, 'user_id' | 'scoped_organizations' | 'scoped_teams'>,
  ): Promise<void> {
    if (scoped_organizations.length + scoped_teams.length === 0) return
    if (!scoped_organizations.every(isUuid)) throw organizationBeyondReach()
    const reach = 'select organization_id from user_organizations where user_id = $1'
    const [known] = await tx.manager.query<{ organizations: number; teams: number }[]>(
      `select
         (select count(*)::integer from user_organizations where user_id = $1 and organization_id = any($2)) as organizations,
         (select count(*)::integer from projects where id = any($3) and ${isAmong('organization_id', reach)}) as teams`,
      [user_id, scoped_organizations, scoped_teams],
    )
    if (known!.organizations < new Set(scoped_organizations.map((id) => id.toLowerCase())).size)
      throw organizationBeyondReach()
    if (known!.teams < new Set(scoped_teams).size) throw teamBeyondReach()
  }

  /** Locks the key for a change. The access cache forgets its user with the commit. */
  private async lock(tx: Transaction, id: string): Promise<PersonalApiKey> {
    const key = await tx.lock(PersonalApiKey, { id })
    if (!key) throw notFound()
    this.access.forgetAfter(tx, `user:${key.user_id}`)
    return key
  }

  private get keys() {
    return this.database.dataSource.getRepository(PersonalApiKey)
  }
}

/** How events name a key. */
const namesOf = ({ id, label }: Pick<PersonalApiKey, 'id' | 'label'>) => ({ key_id: id, label })

function toView(key: PersonalApiKey): PersonalApiKeyView {
  return {
    id: key.id,
    label: key.label,
    value: null,
    mask_value: key.mask_value,
    created_at: key.created_at,
    last_used_at: key.last_used_at,
    last_rolled_at: key.last_rolled_at,
    user_id: key.user_id,
    scopes: key.scopes,
    scoped_teams: key.scoped_teams,
    scoped_organizations: key.scoped_organizations,
    expires_at: key.expires_at,
  }
}
