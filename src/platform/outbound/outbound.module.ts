import { Global, Module } from '@nestjs/common'
import { Outbound } from './outbound.js'

/** Calls to other systems. */
@Global()
@Module({ providers: [Outbound], exports: [Outbound] })
export class OutboundModule {}
