import type { OpenAPIObject } from '@nestjs/swagger'

/** Parts of a description that have names and are referred to by them. */
const KINDS = ['schemas', 'headers', 'securitySchemes'] as const

/**
 * One description of two APIs. If two different parts have the same name, the one from `ours` is renamed to `Polity…`.
 * @param prefix what stands before our paths
 */
export function withDocument(theirs: OpenAPIObject, ours: OpenAPIObject, prefix: string): OpenAPIObject {
  const { paths, tags = [], components = {} } = renamed(ours, takenNames(theirs, ours))
  return {
    ...theirs,
    tags: [...(theirs.tags ?? []), ...tags],
    paths: {
      ...theirs.paths,
      ...Object.fromEntries(Object.entries(paths).map(([path, item]) => [prefix + path, item])),
    },
    components: {
      ...theirs.components,
      ...Object.fromEntries(KINDS.map((kind) => [kind, { ...theirs.components?.[kind], ...components[kind] }])),
    },
  }
}

function takenNames(theirs: OpenAPIObject, ours: OpenAPIObject): Set<string> {
  const names = KINDS.flatMap((kind) => {
    const [their, our]: Record<string, unknown>[] = [theirs.components?.[kind] ?? {}, ours.components?.[kind] ?? {}]
    return Object.keys(our!).filter(
      (name) => name in their! && JSON.stringify(their![name]) !== JSON.stringify(our![name]),
    )
  })
  return new Set(names)
}

/** A copy of `document` in which these parts, and what refers to them, have other names. */
function renamed(document: OpenAPIObject, taken: ReadonlySet<string>): OpenAPIObject {
  const nameFor = (name: string) => (taken.has(name) ? `Polity${name}` : name)
  const isNamed = (path: readonly string[]) =>
    (path.length === 2 && path[0] === 'components') || path.at(-2) === 'security'
  const copy = (value: unknown, path: readonly string[]): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, String(index)]))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [isNamed(path) ? nameFor(key) : key, copy(inner, [...path, key])]),
      )
    if (typeof value === 'string' && path.at(-1) === '$ref') {
      const name = value.lastIndexOf('/') + 1
      return value.slice(0, name) + nameFor(value.slice(name))
    }
    return value
  }
  return copy(document, []) as OpenAPIObject
}
