import { Global, Module } from '@nestjs/common'
import { Config } from '../config/config.js'
import { encryptionKeys } from './encryption-keys.js'
import { Keyring } from './keyring.js'
import { OneTimeTokens } from './one-time-tokens.js'

/** Seals values that must not be readable in the database. */
@Global()
@Module({
  providers: [
    { provide: Keyring, useFactory: (config: Config) => new Keyring(encryptionKeys(config)), inject: [Config] },
    OneTimeTokens,
  ],
  exports: [Keyring, OneTimeTokens],
})
export class SecretsModule {}
