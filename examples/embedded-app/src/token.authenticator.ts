import { Injectable } from '@nestjs/common'
import { type Authenticated, Authenticator, invalidCredentials, systemActor, UsersService } from 'polity'
import { Tokens } from './tokens.js'

/** Lets this application's JWTs into Polity's routes, beside personal API keys. */
@Injectable()
export class TokenAuthenticator extends Authenticator {
  readonly name = 'app'
  readonly place = { in: 'bearer' } as const
  override readonly description = 'A token of this application, from `POST /customers`.'

  constructor(
    private readonly tokens: Tokens,
    private readonly users: UsersService,
  ) {
    super()
  }

  async authenticate(token: string): Promise<Authenticated | undefined> {
    if (token.split('.').length !== 3) return undefined
    const claims = await this.tokens.verified(token)
    if (!claims) throw invalidCredentials()
    const { sub, email } = claims
    const user = await this.users.findOrCreate(systemActor('app'), { email, first_name: email, last_name: '' })
    return { user, credential: { id: sub, scopes: ['*'], organizations: [] } }
  }
}
