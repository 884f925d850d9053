import { applyDecorators } from '@nestjs/common'
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger'
import { Transform } from 'class-transformer'
import { ValidateIf, type ValidationOptions } from 'class-validator'
import { NotNull } from './field-constraints.js'

/** What every field can be told. */
export interface FieldOptions {
  /** Whether the body must have it. Default: false. */
  required?: boolean
  /** Whether null is a value of it. Default: false. */
  nullable?: boolean
  description?: string
  example?: unknown
}

export interface FieldRule extends Pick<FieldOptions, 'required' | 'nullable'> {
  /** Turns what Django REST framework would accept into the type; what it cannot turn stays, for the constraints to refuse. */
  coerce?: (value: unknown) => unknown
  /** Decorators of class-validator, which take these options. */
  constraints: (options: ValidationOptions) => PropertyDecorator[]
  /** Others that it needs, such as `@Type`. */
  decorators?: PropertyDecorator[]
  property: ApiPropertyOptions
}

/** A decorator of a property that a list can take as the rule for its items. */
export type FieldDecorator = PropertyDecorator & { readonly rule: FieldRule }

const GIVEN = 'given '

/** The group of a field's constraints: a body that lacks an optional field need not look at them. */
export const givenGroup = (property: string): string => GIVEN + property

export const isGivenGroup = (group: string): boolean => group.startsWith(GIVEN)

/** Composes decorators of class-validator, class-transformer and OpenAPI into one field. */
export function Field(rule: FieldRule): FieldDecorator {
  const { required = false, nullable = false, constraints, decorators = [], coerce = (value) => value, property } = rule
  const decorate: PropertyDecorator = (target, name) => {
    const options: ValidationOptions = required ? { always: true } : { groups: [givenGroup(String(name))] }
    applyDecorators(
      ...presence({ required, nullable }, options),
      ...constraints(options),
      ...decorators,
      Transform(({ value }: { value: unknown }) => (value === undefined || value === null ? value : coerce(value))),
      // The nullable type is spelled out, because OpenAPI 3.1 has no `nullable`.
      ApiProperty({ required, ...(nullable ? { nullable: true } : {}), ...property } as ApiPropertyOptions),
    )(target, name)
  }
  return Object.assign(decorate, { rule })
}

/**
 * The constraints hold for what is there; where the field has to be there, they refuse what is absent. The condition stands
 * at every field, because it replaces an inherited one: a subclass may ask for what its parent does not.
 */
function presence(
  { required, nullable }: Required<Pick<FieldRule, 'required' | 'nullable'>>,
  options: ValidationOptions,
) {
  const isChecked = (value: unknown) => (required || value !== undefined) && !(nullable && value === null)
  return [ValidateIf((_body, value) => isChecked(value), options), ...(nullable ? [] : [NotNull(options)])]
}
