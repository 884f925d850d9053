import { Global } from '@nestjs/common'
import { APP_GUARD, DiscoveryModule } from '@nestjs/core'
import { PolityPlugin } from '../plugin.js'
import { accessSettings } from './access.settings.js'
import { AccessCache } from './access-cache.js'
import { Authentication } from './authentication.js'
import { Authenticators } from './authenticators.js'
import { EarlyAuthentication } from './early-authentication.js'
import { KeyUsage } from './key-usage.js'
import { PersonalKeyRule } from './personal-key-rule.js'
import { RateLimits } from './rate-limits.js'
import { RouteDeclarations } from './route-declarations.js'
import { ScopesGuard } from './scopes.guard.js'

/** Who is calling, and what they may do. Guards every route of the application that imports it. */
@Global()
@PolityPlugin({
  imports: [DiscoveryModule],
  settings: accessSettings,
  providers: [
    { provide: APP_GUARD, useClass: ScopesGuard },
    Authentication,
    Authenticators,
    EarlyAuthentication,
    AccessCache,
    KeyUsage,
    RateLimits,
    PersonalKeyRule,
    RouteDeclarations,
  ],
  exports: [AccessCache, Authenticators, PersonalKeyRule, RateLimits, RouteDeclarations, KeyUsage],
})
export class AccessModule {}
