import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import type { Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import { StartError } from '../platform/start-error.js'
import type { HookActor, OrganizationHooks } from './organization-hooks.js'

/** The classes that plugins list as `hooks`. */
export const ORGANIZATION_HOOKS = Symbol('organization hooks')

type HookName = keyof OrganizationHooks

/** What a hook is told beside the transaction and who acts. */
type Told<Name extends HookName> = Required<OrganizationHooks>[Name] extends (
  tx: Transaction,
  actor: HookActor,
  ...told: infer Rest
) => unknown
  ? Rest
  : never

/** A compiler error for a hook that this list lacks. */
const hookNames = Object.keys({
  beforeCreate: true,
  beforeUpdate: true,
  beforeDelete: true,
  beforeRestore: true,
  beforeJoin: true,
  beforeRemove: true,
} satisfies Record<HookName, true>) as HookName[]

/** The hooks of all plugins, in the order of the plugins. Services ask it before they change an organization or its members. */
@Injectable()
export class HookChain implements OnModuleInit {
  /** Not before the start: a change that came earlier would pass by the hooks, and so it fails. */
  private hooks!: readonly OrganizationHooks[]

  constructor(
    private readonly modules: ModuleRef,
    @Inject(ORGANIZATION_HOOKS) private readonly classes: readonly Type<OrganizationHooks>[],
  ) {}

  /** @throws {StartError} for a class without any hook */
  onModuleInit(): void {
    this.hooks = this.classes.map((one) => this.modules.get(one, { strict: false }))
    const idle = this.hooks.find((hooks) => hookNames.every((name) => typeof hooks[name] !== 'function'))
    if (idle)
      throw new StartError(
        `${idle.constructor.name}, which a plugin lists in hooks, hooks nothing: give it one of ${hookNames.join(', ')}.`,
      )
  }

  /** Whether there is anybody to ask. Without, a change sends what it always sent. */
  has(name: HookName): boolean {
    return this.hooks.some((hooks) => typeof hooks[name] === 'function')
  }

  /** Asks one hook after the other. @throws what the first one vetoes with */
  async run<Name extends HookName>(
    name: Name,
    tx: Transaction,
    by: OrganizationActor,
    ...told: Told<Name>
  ): Promise<void> {
    const actor = tx.for(by)
    for (const hooks of this.hooks) {
      const hook = hooks[name] as ((tx: Transaction, actor: HookActor, ...told: Told<Name>) => unknown) | undefined
      await hook?.call(hooks, tx, actor, ...told)
    }
  }
}
