import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common'
import { isDeepStrictEqual } from 'node:util'
import type { OrganizationChanges } from '../hooks/index.js'
import { toDto } from '../platform/http/dto.js'
import type { AddedFields } from '../platform/http/openapi.js'
import { StartError } from '../platform/start-error.js'
import { CreateOrganization, OrganizationView, UpdateOrganization } from './organization.dto.js'
import type { Organization } from './organization.entity.js'
import { ownFields } from './organization-own-fields.js'

/** A field that a plugin adds to organizations. */
export interface OrganizationField<Value = unknown> {
  readonly name: string
  readonly field: PropertyDecorator
  /** What an organization has until somebody sets it. */
  readonly initial: Value
  /** The value of an organization, of its row or of its representation. */
  of(organization: Pick<Organization, 'custom'> | OrganizationView): Value
  /** How it is about to change, as `beforeUpdate` is told; undefined where it stays. */
  changeIn(changes: OrganizationChanges): { before: Value; after: Value } | undefined
}

/** The fields that plugins declare. */
export const ORGANIZATION_FIELDS = Symbol('organization fields')

/** Names that are safe in SQL and in JSON, and look like our own. */
const NAME = /^[a-z][a-z0-9_]{0,62}$/

/**
 * Adds a field to organizations. It stands in their representation, alone and in lists, can be set where settings can, is
 * checked as its decorator says, and is described in OpenAPI. `organization.updated` says when it changed. A plugin lists it in
 * `fields: { organization: [beta] }`.
 * @param name snake_case, as it is on the wire
 * @param field one of our field decorators; it stands for the type too
 * @param initial the value until somebody sets it, as JSON has it: a moment is text
 * @throws {StartError} for a name that is not snake_case
 * @example
 * ```ts
 * export const beta = defineOrganizationField('beta', BooleanField({ description: 'Whether it sees what is new.' }), false)
 *
 * beta.of(organization) // boolean
 * ```
 */
export function defineOrganizationField<Value extends string | number | boolean | null | object>(
  name: string,
  field: PropertyDecorator,
  initial: Value,
): OrganizationField<Widened<Value>> {
  if (!NAME.test(name))
    throw new StartError(`The organization field "${name}" needs a name in snake_case, such as "seat_limit".`)
  return {
    name,
    field,
    initial: initial as Widened<Value>,
    of(organization) {
      const values = ('custom' in organization ? organization.custom : organization) as Record<string, unknown>
      return (name in values ? values[name] : initial) as Widened<Value>
    },
    changeIn(changes) {
      return (changes as Record<string, { before: Widened<Value>; after: Widened<Value> } | undefined>)[name]
    },
  }
}

/** `boolean` for `false`, as the field may become true. */
type Widened<Value> = Value extends boolean
  ? boolean
  : Value extends string
    ? string
    : Value extends number
      ? number
      : Value

/** The fields of all plugins, in the order of the plugins. */
@Injectable()
export class OrganizationFields implements OnModuleInit {
  /** Validates them, without ours. */
  private readonly dto: Type<Record<string, unknown>>
  /** The bodies that have them, by the DTOs that lack them. */
  readonly bodies: ReadonlyMap<unknown, Type>

  /** @throws {StartError} for one that has the name of a field or a column of ours */
  constructor(@Inject(ORGANIZATION_FIELDS) readonly all: readonly OrganizationField[]) {
    const taken = all.find(({ name }) => Object.hasOwn(ownFields, name))
    if (taken)
      throw new StartError(
        `Organizations have a field ${taken.name} already: give the field of your plugin another name.`,
      )
    this.dto = withFields(class OrganizationPluginFields {}, all)
    const bodies = all.length > 0 ? [CreateOrganization, UpdateOrganization] : []
    this.bodies = new Map(bodies.map((body: Type) => [body, withFields(body, all)]))
  }

  /** @throws {StartError} for one that every body would need, and for a first value that the field itself refuses */
  async onModuleInit(): Promise<void> {
    for (const { name, field, initial } of this.all) {
      const dto = withFields(class OrganizationPluginField {}, [{ name, field }])
      const accepted = (value: object) => toDto(dto, value).catch(() => undefined)
      if (!(await accepted({})))
        throw new StartError(`The organization field ${name} is required: leave that out, as it has a first value.`)
      const stored: unknown = JSON.parse(JSON.stringify((await accepted({ [name]: initial })) ?? {}))
      if (!isDeepStrictEqual(stored, { [name]: initial }))
        throw new StartError(
          `The first value of the organization field ${name} is not one of its values, as JSON has them: ${JSON.stringify(initial)}.`,
        )
    }
  }

  /** For OpenAPI: what the fields are, and which schemas have them, always or perhaps. */
  get description(): AddedFields | undefined {
    if (this.all.length === 0) return undefined
    return {
      fields: this.dto,
      always: [OrganizationView.name],
      perhaps: [CreateOrganization.name, UpdateOrganization.name],
    }
  }

  /**
   * The values that `changes` has for them, checked and as they are stored.
   * @throws {ApiError} 400 that names the field at fault
   */
  async in(changes: object): Promise<Record<string, unknown>> {
    const given = Object.entries(changes).filter(([name]) => this.all.some((field) => field.name === name))
    if (given.length === 0) return {}
    const checked = await toDto(this.dto, Object.fromEntries(given))
    return JSON.parse(JSON.stringify(checked)) as Record<string, unknown>
  }

  /** The `values` that differ from the organization's, each with both values. */
  difference(
    organization: Pick<Organization, 'custom'>,
    values: Record<string, unknown>,
  ): Record<string, { before: unknown; after: unknown }> {
    const both = this.all
      .filter(({ name }) => name in values)
      .map((field) => [field.name, { before: field.of(organization), after: values[field.name] }] as const)
    return Object.fromEntries(both.filter(([, { before, after }]) => !isDeepStrictEqual(before, after)))
  }
}

/** A subclass of a DTO that has these fields as well. */
export function withFields<Dto extends object>(
  dto: Type<Dto>,
  fields: readonly Pick<OrganizationField, 'name' | 'field'>[],
): Type<Dto & Record<string, unknown>> {
  const extended = { [dto.name]: class extends (dto as Type) {} }[dto.name]!
  for (const { name, field } of fields) field(extended.prototype as object, name)
  return extended as Type<Dto & Record<string, unknown>>
}
