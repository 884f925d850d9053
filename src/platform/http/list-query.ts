import { textProblem } from '../values/stored-values.js'
import { fieldError } from './validation.errors.js'

const LONGEST_SEARCH = 200

/**
 * The text of a `search` parameter; null when there is none. If it is given twice, the last one counts.
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
 * The terms of an `ordering` parameter, such as `name` and `-created_at`, or `fallback` alone. What is none of `fields` is
 * ignored, as Django REST framework does; of a field given twice the first counts, of a parameter given twice the last.
 */
export function orderingOf(value: unknown, fields: readonly string[], fallback: string): string[] {
  const text = [value].flat().at(-1)
  const known = new Map<string, string>()
  for (const term of typeof text === 'string' ? text.split(',').map((part) => part.trim()) : []) {
    const field = term.replace(/^-/, '')
    if (fields.includes(field) && !known.has(field)) known.set(field, term)
  }
  return known.size > 0 ? [...known.values()] : [fallback]
}
