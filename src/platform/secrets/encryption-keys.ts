import type { Config } from '../config/config.js'
import { StartError } from '../start-error.js'
import type { EncryptionKeys } from './keyring.js'

/** The keys that seal secrets. @throws {StartError} without keys on the operator’s own database */
export function encryptionKeys(config: Config): EncryptionKeys {
  const keys = config.get('INTEGRATION_ENCRYPTION_KEYS')
  if (!keys)
    throw new StartError(
      'INTEGRATION_ENCRYPTION_KEYS is not set. With a DATABASE_URL of your own, set it to <id>:<key>, where the key is 32 random bytes in base64: openssl rand -base64 32.',
    )
  return keys
}
