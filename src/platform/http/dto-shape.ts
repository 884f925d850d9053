import { ARRAY_MAX_SIZE, getMetadataStorage, ValidationTypes } from 'class-validator'
import { isGivenGroup } from './field.js'
import { ownConstraints } from './field-constraints.js'

/** A class as `metatype` and `constructor` give it. */
export type DtoClass = abstract new (...args: never[]) => object

type Constraint = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number]

/** What the decorators of a DTO say, read once. */
export interface DtoShape {
  /** In the order of declaration, its own before inherited ones: the order in which errors win. */
  fields: readonly string[]
  constraints: readonly Constraint[]
  /** Fields that are never null, even where `PartialType` makes them optional. */
  notNull: ReadonlySet<string>
  /** The maximum number of items, for lists. */
  maxItems: ReadonlyMap<string, number>
  /** Fields that hold DTOs. */
  nested: ReadonlySet<string>
  /** Whether the constraints of an optional field need not run where the field is absent. */
  isGivenOnly: boolean
}

const shapes = new WeakMap<object, DtoShape>()

export function shapeOf(dto: DtoClass): DtoShape {
  const known = shapes.get(dto)
  if (known) return known
  const constraints = constraintsOf(dto)
  const named = (test: (constraint: Constraint) => boolean) =>
    new Set(constraints.filter(test).map(({ propertyName }) => propertyName))
  const nested = named(({ type }) => type === ValidationTypes.NESTED_VALIDATION)
  const shape = {
    fields: [...named(() => true)],
    constraints,
    maxItems: new Map(
      constraints
        .filter(({ name }) => name === ARRAY_MAX_SIZE)
        .map(({ propertyName, constraints: [limit] }) => [propertyName, limit as number]),
    ),
    notNull: named(({ name }) => name === ownConstraints.notNull),
    nested,
    isGivenOnly: nested.size === 0 && constraints.every(({ always, groups }) => always || groups?.some(isGivenGroup)),
  }
  shapes.set(dto, shape)
  return shape
}

/** The name under which class-validator reports that a constraint failed. */
export function constraintName({ type, name, constraintCls }: Constraint): string {
  const [custom] = constraintCls ? getMetadataStorage().getTargetValidatorConstraints(constraintCls) : []
  return custom?.name || name || type
}

/** What every field of a class must hold, whatever the group: its own constraints before inherited ones. */
function constraintsOf(dto: DtoClass): Constraint[] {
  const lineage: unknown[] = []
  for (let type: unknown = dto; typeof type === 'function'; type = Object.getPrototypeOf(type)) lineage.push(type)
  return getMetadataStorage()
    .getTargetValidationMetadatas(dto, '', true, false)
    .toSorted((one, other) => lineage.indexOf(one.target) - lineage.indexOf(other.target))
}
