import { Injectable } from '@nestjs/common'
import { createHash, randomBytes } from 'node:crypto'
import { Database, type Transaction } from '../database/database.js'
import { Keyring } from './keyring.js'

/**
 * Tokens for links that work once and for a limited time. A token is 256 random bits; only its SHA-256 is stored. Its
 * content is sealed, because it may hold a provider’s secret.
 */
@Injectable()
export class OneTimeTokens {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  /**
   * @param subject ends the token that was issued before for the same subject
   * @returns the token, which is not stored
   */
  async issue(purpose: string, content: object, lifetimeMs: number, subject?: string): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    const hash = hashOf(token)
    await this.database.transaction(async (tx) => {
      await tx.manager.query('delete from one_time_tokens where expires_at < now()')
      await tx.manager.query(
        `insert into one_time_tokens (hash, purpose, sealed, expires_at, subject)
         values ($1, $2, $3, now() + make_interval(secs => $4), $5)
         on conflict (subject) do update
           set hash = excluded.hash, sealed = excluded.sealed, expires_at = excluded.expires_at`,
        [
          hash,
          purpose,
          this.keyring.seal(content, oneTimeTokenContext(hash)),
          lifetimeMs / 1_000,
          subject === undefined ? null : hashOf(`${purpose}/${subject}`),
        ],
      )
    })
    return token
  }

  /** The content of a valid token, otherwise undefined. */
  async read<Content>(purpose: string, token: string): Promise<Content | undefined> {
    const hash = hashOf(token)
    const [row] = await this.database.dataSource.query<{ sealed: string }[]>(
      'select sealed from one_time_tokens where hash = $1 and purpose = $2 and expires_at > now()',
      [hash, purpose],
    )
    return row && this.keyring.open<Content>(row.sealed, oneTimeTokenContext(hash))
  }

  /** Reads the token and ends it when `tx` commits, and only then. If two redeem it at once, one of them gets it. */
  async redeem<Content>(tx: Transaction, purpose: string, token: string): Promise<Content | undefined> {
    const hash = hashOf(token)
    const [[row]] = await tx.manager.query<[{ sealed: string }[], number]>(
      'delete from one_time_tokens where hash = $1 and purpose = $2 and expires_at > now() returning sealed',
      [hash, purpose],
    )
    return row && this.keyring.open<Content>(row.sealed, oneTimeTokenContext(hash))
  }

  /** Whether `value` is new for this purpose. It is remembered for `lifetimeMs`, as long as it could be replayed. */
  async isFirst(purpose: string, value: string, lifetimeMs: number): Promise<boolean> {
    const rows = await this.database.dataSource.query<unknown[]>(
      `insert into one_time_tokens (hash, purpose, sealed, expires_at)
       values ($1, $2, '', now() + make_interval(secs => $3)) on conflict do nothing returning hash`,
      [hashOf(`${purpose}/${value}`), purpose, lifetimeMs / 1_000],
    )
    return rows.length > 0
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
/** The context that a token’s content is sealed for. */
export const oneTimeTokenContext = (hash: string): string => `one_time_tokens/${hash}`
