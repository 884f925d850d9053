import type { Config } from '../config/config.js'
import { StartError } from '../start-error.js'
import type { EncryptionKeys } from './keyring.js'

/** @throws {StartError} without keys, on a database of the operator's */
export function encryptionKeys(config: Config): EncryptionKeys {
  const keys = config.get('INTEGRATION_ENCRYPTION_KEYS')
  if (!keys)
    throw new StartError(
      'INTEGRATION_ENCRYPTION_KEYS is not set. With a DATABASE_URL of your own, set it to <id>:<key>, the key being 32 random bytes in base64: openssl rand -base64 32.',
    )
  return keys
}
