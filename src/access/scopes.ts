/** What a key may touch: `object:action`. */
export type Scope = `${string}:${'read' | 'write'}`

/** An object that scopes are about, with what its two scopes let a key do, in words for people. */
export interface ScopeDefinition<Name extends string = string> {
  readonly object: Name
  readonly read: string
  readonly write: string
}

/**
 * Declares the two scopes of an object, `<object>:read` and `<object>:write`. A module lists it as one of its `scopes`.
 * @param object lower case letters and underscores: `widget`
 * @example defineScope('widget', { read: 'See widgets', write: 'Change widgets' })
 */
export const defineScope = <const Name extends string>(
  object: Name,
  { read, write }: { read: string; write: string },
): ScopeDefinition<Name> => ({ object, read, write })

/** Every scope that a key of this server can be given; `*`, which stands for all of them, apart. */
export class Scopes {
  readonly list: readonly Scope[]

  constructor(readonly definitions: readonly ScopeDefinition[]) {
    this.list = definitions.flatMap(({ object }) => [`${object}:read`, `${object}:write`] as const)
  }

  isDeclared(text: string): boolean {
    return (this.list as readonly string[]).includes(text)
  }

  /** Whether `text` is a scope that a key can be given. */
  isGrantable(text: string): boolean {
    return text === '*' || this.isDeclared(text)
  }
}

/** Whether a credential's scopes cover the one that a route asks for: `*` covers all, `write` covers `read`. */
export function covers(granted: readonly string[], required: Scope): boolean {
  if (granted.includes('*') || granted.includes(required)) return true
  return required.endsWith(':read') && granted.includes(required.replace(/:read$/, ':write'))
}

/** Whether a scope is about the key's own user rather than about what the user may reach. */
export const isOfUser = (scope: Scope): boolean => scope.startsWith('user:')
