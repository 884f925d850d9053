import { type DynamicModule } from '@nestjs/common'
import { PolityPlugin } from 'polity'
import { TokenAuthenticator } from './token.authenticator.js'
import { Tokens } from './tokens.js'

/** What Polity gets to know of this application. It runs inside of Polity, so what it needs from here is handed to it. */
@PolityPlugin({ authenticators: [TokenAuthenticator] })
export class AppInPolityModule {
  static with(tokens: Tokens): DynamicModule {
    return { module: AppInPolityModule, providers: [{ provide: Tokens, useValue: tokens }] }
  }
}
