import type { FastifyRequest } from 'fastify'
import { absoluteUrl } from './host.js'
import { Json } from './json.js'

/** A page, as Django REST framework's LimitOffsetPagination writes it. */
export interface Page<T> {
  count: number
  next: string | null
  previous: string | null
  results: T[]
}

export interface PageRequest {
  limit: number
  offset: number
  /** Makes the page from the results; `next` and `previous` keep the caller's other query parameters. */
  answer<T>(count: number, results: T[]): Page<T>
  /** The same of results that are JSON already. */
  answerJson<T>(count: number, results: Json<T>[]): Json<Page<T>>
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/**
 * Reads `limit` and `offset`, or `page` and `page_size` when neither is given. Anything that is not a number means the default.
 * Follows Django REST framework's LimitOffsetPagination, which never refuses a page parameter.
 */
export function pageRequest(request: FastifyRequest, url: URL = absoluteUrl(request)): PageRequest {
  const query = url.searchParams
  const numbered = !query.has('limit') && !query.has('offset') && (query.has('page') || query.has('page_size'))
  const limit = Math.min(positive(last(query, numbered ? 'page_size' : 'limit')) ?? DEFAULT_LIMIT, MAX_LIMIT)
  const page = Math.min(positive(last(query, 'page')) ?? 1, Math.floor(Number.MAX_SAFE_INTEGER / limit))
  const offset = numbered ? (page - 1) * limit : (positive(last(query, 'offset')) ?? 0)
  const link = (start: number): string => {
    const target = new URL(url)
    if (numbered) {
      target.searchParams.set('page', String(start / limit + 1))
    } else {
      target.searchParams.set('limit', String(limit))
      if (start > 0) target.searchParams.set('offset', String(start))
      else target.searchParams.delete('offset')
    }
    return target.toString()
  }
  const frame = (count: number) => ({
    count,
    next: offset + limit < count ? link(offset + limit) : null,
    previous: offset > 0 ? link(Math.max(offset - limit, 0)) : null,
  })
  return {
    limit,
    offset,
    answer: (count, results) => ({ ...frame(count), results }),
    answerJson: (count, results) => {
      const parts = [JSON.stringify(frame(count)).slice(0, -1), ',"results":[']
      for (const [index, result] of results.entries()) parts.push(index === 0 ? '' : ',', ...result.parts)
      parts.push(']}')
      return new Json(parts)
    },
  }
}

/** If a parameter is given twice, the last one counts, as in Django. */
const last = (query: URLSearchParams, name: string): string | undefined => query.getAll(name).at(-1)

/** Takes any number of digits, capped at the largest safe integer: no list is that long. */
function positive(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\+?\d+\s*$/.test(text)) return undefined
  return Number(text) > 0 ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : undefined
}
