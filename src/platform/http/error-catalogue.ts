/** The one error body of the API, in PostHog's shape. `attr` is the field at fault, nested names joined with `__`. */
export interface ErrorBody {
  type: 'authentication_error' | 'invalid_request' | 'validation_error' | 'throttled_error' | 'server_error'
  code: string
  detail: string
  attr: string | null
}

export interface ErrorDefinition extends Omit<ErrorBody, 'attr'> {
  status: number
  /** The field at fault; left out where the error is about none, or where the thrower names it. */
  attr?: string
}

/** What `defineError` makes: throw its result. `{placeholders}` of the detail come from `values`. */
export interface ErrorFactory {
  (values?: Record<string, string | number>, overrides?: { attr?: string; headers?: Record<string, string> }): ApiError
  definition: ErrorDefinition
}

/** An error that the API answers with as it stands. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly headers: Record<string, string> = {},
  ) {
    // An expected answer: nobody reads its stack, and collecting one costs more than answering.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(body.detail)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'ApiError'
  }
}

const definitions: ErrorDefinition[] = []

/** Every error that was defined, in the order of definition; `docs/errors.md` lists them and a test compares the two. */
export const errorCatalogue: readonly ErrorDefinition[] = definitions

/**
 * Adds an error to the catalogue.
 * @example throw unknownRole({ role: id })
 */
export function defineError(definition: ErrorDefinition): ErrorFactory {
  definitions.push(definition)
  const factory = (
    values: Record<string, string | number> = {},
    overrides: { attr?: string; headers?: Record<string, string> } = {},
  ) =>
    new ApiError(
      definition.status,
      {
        type: definition.type,
        code: definition.code,
        detail: definition.detail.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')),
        attr: overrides.attr ?? definition.attr ?? null,
      },
      overrides.headers,
    )
  return Object.assign(factory, { definition })
}
