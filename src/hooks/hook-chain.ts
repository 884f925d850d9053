import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import type { Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import { StartError } from '../platform/start-error.js'
import type { HookActor, OrganizationHooks } from './organization-hooks.js'

/** The classes that plugins list as `hooks`. */
export const ORGANIZATION_HOOKS = Symbol('organization hooks')

type HookName = keyof OrganizationHooks

/** The arguments of a hook after the transaction and the actor. */
type Told<Name extends HookName> = Required<OrganizationHooks>[Name] extends (
  tx: Transaction,
  actor: HookActor,
  ...told: infer Rest
) => unknown
  ? Rest
  : never

/** A hook that is missing here is a compiler error. */
const hookNames = Object.keys({
  beforeCreate: true,
  beforeUpdate: true,
  beforeDelete: true,
  beforeRestore: true,
  beforeJoin: true,
  beforeRemove: true,
} satisfies Record<HookName, true>) as HookName[]

/** The hooks of all plugins, in the plugins’ order. Services run them before they change an organization or its members. */
@Injectable()
export class HookChain implements OnModuleInit {
  /** Unset until the start, so that an earlier change fails rather than skip the hooks. */
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

  /** Whether any plugin has this hook. If not, a change sends no further statement. */
  has(name: HookName): boolean {
    return this.hooks.some((hooks) => typeof hooks[name] === 'function')
  }

  /** Runs one hook after the other. @throws the veto of the first that throws */
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
