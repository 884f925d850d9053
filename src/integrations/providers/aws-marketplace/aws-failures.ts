import { OutboundError } from '../../../platform/outbound/outbound.error.js'

export const UNREADABLE = 'AWS Marketplace sent an answer that could not be read.'

/** Names of errors of AWS and its SDK: our credentials are missing, wrong, expired or lack a permission. */
const CREDENTIALS =
  /AccessDenied|Credentials|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|MissingAuthentication/

/** The name of an error, without its message. */
export const nameOf = (error: unknown): string => (error as Error)?.name ?? 'unknown'

/**
 * Whether the buyer’s token is at fault. AWS uses the same error name for an expired token of the buyer and an expired
 * session of ours; only the message about ours mentions a security token.
 */
export const isBuyersMistake = (error: Error): boolean =>
  error.name === 'InvalidTokenException' ||
  (error.name === 'ExpiredTokenException' && !/security token/i.test(error.message))

/** Says what happened, in words for members. */
export function awsSentence(error: unknown): string {
  if (error instanceof OutboundError) return error.message
  const name = nameOf(error)
  if (/Throttl|TooManyRequests/.test(name)) return 'AWS Marketplace is rate limiting this server.'
  if (CREDENTIALS.test(name))
    return 'AWS Marketplace does not accept the AWS credentials of this server. Check them and their IAM policy.'
  // The SDK throws these for an answer that is not JSON or has wrong types.
  if (name === 'SyntaxError' || name === 'TypeError') return UNREADABLE
  return `AWS Marketplace answered with an error (${/^\w{1,80}$/.test(name) ? name : 'unknown'}).`
}
