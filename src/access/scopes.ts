export const scopeObjects = [
  'organization',
  'organization_integration',
  'organization_member',
  'project',
  'user',
  'activity_log',
] as const

export type ScopeObject = (typeof scopeObjects)[number]

/** What a key may touch: `object:action`. */
export type Scope = `${ScopeObject}:${'read' | 'write'}`

/** Every scope that a key can be given; `*`, which stands for all of them, apart. */
export const scopes: readonly Scope[] = scopeObjects.flatMap((object) => [`${object}:read`, `${object}:write`] as const)

/**
 * Whether a key's scopes cover the one a route asks for: `*` covers all, `write` covers `read`.
 * A key without scopes is a legacy one, which may do everything; only an import brings such keys.
 */
export function covers(granted: readonly string[], required: Scope): boolean {
  if (granted.length === 0 || granted.includes('*') || granted.includes(required)) return true
  return required.endsWith(':read') && granted.includes(required.replace(/:read$/, ':write'))
}

/** Whether a scope is about the key's own user rather than about what the user may reach. */
export const isOfUser = (scope: Scope): boolean => scope.startsWith('user:')

/** Whether `text` is one of {@link scopes}. */
export const isDeclared = (text: string): boolean => (scopes as readonly string[]).includes(text)

/** Whether `text` is a scope that a key can be given. */
export const isGrantable = (text: string): boolean => text === '*' || isDeclared(text)
