import { applyDecorators, Header, Redirect } from '@nestjs/common'

/** Where a route sends the browser. */
export interface Onward {
  url: string
  statusCode: 302 | 303
}

/**
 * Sends the browser to an address that contains a secret: no cache stores it, and no page gets it as its referrer. The handler returns an {@link Onward}.
 */
export const PrivateRedirect = () =>
  applyDecorators(Redirect(), Header('cache-control', 'no-store'), Header('referrer-policy', 'no-referrer'))
