export { HookChain, ORGANIZATION_HOOKS } from './hook-chain.js'
export { HooksModule } from './hooks.module.js'
export { type HookActor, type HookedMember, type OrganizationChanges, OrganizationHooks } from './organization-hooks.js'
