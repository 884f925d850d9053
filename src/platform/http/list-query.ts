import { cutText, textProblem } from '../values/stored-values.js'
import { fieldError } from './fields.js'
import { orderings } from './page-query.js'

const LONGEST_SEARCH = 200

/**
 * The text of a `search` parameter; null when there is none. Of a parameter given twice the last counts.
 * @throws {ApiError} 400 naming `search` when it is too long or holds a NUL
 */
export function searchText(value: unknown): string | null {
  const text = [value].flat().at(-1)
  if (typeof text !== 'string' || text.trim() === '') return null
  const problem = textProblem(text, LONGEST_SEARCH)
  if (problem) throw fieldError('search', problem)
  return text.trim()
}

/**
 * The value of an `ordering` parameter, or `fallback`.
 * @throws {ApiError} 400 naming `ordering` when it is not one of `fields`, with or without `-`
 */
export function orderingOf(value: unknown, fields: readonly string[], fallback: string): string {
  const text = [value].flat().at(-1)
  if (text === undefined || text === '') return fallback
  if (typeof text === 'string' && orderings(fields).includes(text)) return text
  throw fieldError('ordering', { constraint: 'choice', values: { value: cutText(String(text).toWellFormed(), 100) } })
}
