import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Keys by their ids. The first one seals; the others only open what they once sealed. */
export type EncryptionKeys = ReadonlyMap<string, Buffer>

/** A value was sealed with an unknown key or for another context, or was changed. Reveals nothing of its content. */
export class UnopenableSecret extends Error {
  constructor(reason: string) {
    super(`A sealed secret cannot be opened: ${reason}.`)
    this.name = 'UnopenableSecret'
  }
}

/**
 * Seals secrets for storage with AES-256-GCM (NIST SP 800-38D), as `<key id>.<nonce, ciphertext and tag in base64url>`.
 * The context (table, organization and row) is authenticated with it, so that a value moved to another row does not open.
 */
export class Keyring {
  readonly currentId: string

  constructor(private readonly keys: EncryptionKeys) {
    this.currentId = [...keys.keys()][0]!
  }

  seal(secret: unknown, context: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.keys.get(this.currentId)!, nonce).setAAD(Buffer.from(context))
    const sealed = [nonce, cipher.update(JSON.stringify(secret), 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `${this.currentId}.${Buffer.concat(sealed).toString('base64url')}`
  }

  /** @throws {UnopenableSecret} */
  open<Secret>(sealed: string, context: string): Secret {
    const id = keyIdOf(sealed)
    const key = this.keys.get(id)
    if (!key) throw new UnopenableSecret(`the key ${id} is missing`)
    const bytes = Buffer.from(sealed.slice(id.length + 1), 'base64url')
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES))
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]
      return JSON.parse(Buffer.concat(opened).toString('utf8')) as Secret
    } catch {
      throw new UnopenableSecret('it is not what was sealed here')
    }
  }

  holds(id: string): boolean {
    return this.keys.has(id)
  }
}

/** The id of the key that sealed a value. */
export const keyIdOf = (sealed: string): string => sealed.slice(0, sealed.indexOf('.'))
