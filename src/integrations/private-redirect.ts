import { applyDecorators, Header, Redirect } from '@nestjs/common'

/** Where a route sends the browser. */
export interface Onward {
  url: string
  statusCode: 302 | 303
}

/**
 * Sends the browser to an address that holds a secret: no cache keeps it, and no page that is opened from there learns it
 * as its referrer. The handler returns an {@link Onward}.
 */
export const PrivateRedirect = () =>
  applyDecorators(Redirect(), Header('cache-control', 'no-store'), Header('referrer-policy', 'no-referrer'))
