import type { FastifyRequest } from 'fastify'
import { bodyField } from '../platform/http/body.js'
import { KEY_PARAMETER } from './key-scheme.js'

export interface Credentials {
  value: string
  /** Where it was found, as the error that refuses it says it. */
  place: 'Authorization header' | 'body' | 'query string'
}

/** Finds a request's key in the header, the body or the query string. Only the first one counts. */
export function findCredentials(request: FastifyRequest): Credentials | undefined {
  const inHeader = credentialsInHeader(request)
  if (inHeader) return inHeader
  const inBody = bodyField(request.body, KEY_PARAMETER)
  if (typeof inBody === 'string' && inBody) return { value: inBody, place: 'body' }
  const inQuery = [(request.query as Record<string, unknown>)?.[KEY_PARAMETER]].flat().at(-1)
  if (typeof inQuery === 'string' && inQuery) return { value: inQuery, place: 'query string' }
  return undefined
}

/** The key that is known before the body is read. */
export function credentialsInHeader({ headers }: Pick<FastifyRequest, 'headers'>): Credentials | undefined {
  const header = headers.authorization?.trim()
  if (!header?.startsWith('Bearer')) return undefined
  const rest = header.slice('Bearer'.length)
  const value = rest.trimStart()
  return value && value.length < rest.length ? { value, place: 'Authorization header' } : undefined
}
