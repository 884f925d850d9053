import type { Abstract, ClassProvider, FactoryProvider, Type } from '@nestjs/common'
import { ConfiguredEntitlements, Entitlements } from './access/index.js'
import { BillingGate, billingGate } from './integrations/index.js'

/** A class that replaces a decision of Polity’s. */
export type Decision = Type<Entitlements | BillingGate>

/** The decisions that plugins may replace: the class that a replacement extends, and the default. */
export const decisions: readonly ((ClassProvider | FactoryProvider) & { provide: Abstract<object> })[] = [
  { provide: Entitlements, useClass: ConfiguredEntitlements },
  billingGate,
]

/** The decision that a class replaces; undefined if it extends none of {@link decisions}. */
export const decidedBy = (one: Type): Abstract<object> | undefined =>
  decisions.find(({ provide }) => one.prototype instanceof provide)?.provide
