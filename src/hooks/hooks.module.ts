import { Module } from '@nestjs/common'
import { HookChain } from './hook-chain.js'

/** Lets plugins veto what happens to organizations and their members. */
@Module({ providers: [HookChain], exports: [HookChain] })
export class HooksModule {}
