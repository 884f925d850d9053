import { applyDecorators } from '@nestjs/common'
import { ApiExtension } from '@nestjs/swagger'
import type { ApiError, ErrorBody } from './error-catalogue.js'

/** An error as the API's description shows it. */
export interface DocumentedError {
  status: number
  body: ErrorBody
}

const EXTENSION = 'x-error '

/**
 * Documents errors of a route, beside those of every route of its kind. Each is given as it would be thrown, and its body
 * becomes an example.
 * @example ApiErrors(notFound(), nameTaken())
 */
export const ApiErrors = (...errors: ApiError[]) =>
  // An extension for each, because decorators of one name would replace each other. The document does not keep them.
  applyDecorators(
    ...errors.map(({ status, body }) => ApiExtension(`${EXTENSION}${status} ${body.detail}`, { status, body })),
  )

/** Takes out of an operation what {@link ApiErrors} put there. */
export function takeErrors(operation: object): DocumentedError[] {
  const entries = Object.entries(operation).filter(([key]) => key.startsWith(EXTENSION))
  for (const [key] of entries) delete (operation as Record<string, unknown>)[key]
  return entries.map(([, error]) => error as DocumentedError)
}
