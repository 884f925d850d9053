import { Global, Module } from '@nestjs/common'
import { APP_GUARD, DiscoveryModule } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { AccessCache } from './access-cache.js'
import { Authentication } from './authentication.js'
import { EarlyAuthentication } from './early-authentication.js'
import { KeyUsage } from './key-usage.js'
import { PersonalApiKey } from './personal-api-key.entity.js'
import { PersonalApiKeysController } from './personal-api-keys.controller.js'
import { PersonalApiKeysService } from './personal-api-keys.service.js'
import { ProductFeatures } from './product-features.js'
import { RateLimits } from './rate-limits.js'
import { RouteDeclarations } from './route-declarations.js'
import { ScopesGuard } from './scopes.guard.js'
import { User } from './user.entity.js'
import { UsersDirectory } from './users-directory.js'

/** Who is calling, and what they may do. Guards every route of the application that imports it. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([User, PersonalApiKey]), DiscoveryModule],
  controllers: [PersonalApiKeysController],
  providers: [
    { provide: APP_GUARD, useClass: ScopesGuard },
    Authentication,
    EarlyAuthentication,
    AccessCache,
    KeyUsage,
    RateLimits,
    ProductFeatures,
    RouteDeclarations,
    PersonalApiKeysService,
    UsersDirectory,
  ],
  exports: [
    AccessCache,
    ProductFeatures,
    RateLimits,
    RouteDeclarations,
    PersonalApiKeysService,
    UsersDirectory,
    KeyUsage,
  ],
})
export class AuthModule {}
