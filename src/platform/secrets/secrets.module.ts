import { Global, Module } from '@nestjs/common'
import { Config } from '../config/config.js'
import { StartError } from '../start-error.js'
import { Keyring } from './keyring.js'
import { OneTimeTokens } from './one-time-tokens.js'

/** Seals what must not be readable in the database. */
@Global()
@Module({
  providers: [{ provide: Keyring, useFactory: keyring, inject: [Config] }, OneTimeTokens],
  exports: [Keyring, OneTimeTokens],
})
export class SecretsModule {}

/** @throws {StartError} without keys, on a database of the operator's */
function keyring(config: Config): Keyring {
  const keys = config.get('INTEGRATION_ENCRYPTION_KEYS')
  if (!keys)
    throw new StartError(
      'INTEGRATION_ENCRYPTION_KEYS is not set. With a DATABASE_URL of your own, set it to <id>:<key>, the key being 32 random bytes in base64: openssl rand -base64 32.',
    )
  return new Keyring(keys)
}
