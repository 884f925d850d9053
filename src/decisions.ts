import type { Abstract, ClassProvider, FactoryProvider, Type } from '@nestjs/common'
import { ConfiguredEntitlements, Entitlements } from './access/index.js'
import { BillingGate, billingGate } from './integrations/index.js'

/** A class that decides something in Polity's place. */
export type Decision = Type<Entitlements | BillingGate>

/** What plugins may decide, by the class that a replacement extends, and who decides otherwise. */
export const decisions: readonly ((ClassProvider | FactoryProvider) & { provide: Abstract<object> })[] = [
  { provide: Entitlements, useClass: ConfiguredEntitlements },
  billingGate,
]

/** What a class decides; undefined where it extends none of {@link decisions}. */
export const decidedBy = (one: Type): Abstract<object> | undefined =>
  decisions.find(({ provide }) => one.prototype instanceof provide)?.provide
