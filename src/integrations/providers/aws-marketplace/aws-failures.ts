import { OutboundError } from '../../../platform/outbound/outbound.error.js'

export const UNREADABLE = 'AWS Marketplace answered with something that could not be read.'

/** The names that AWS and its SDK give to credentials of ours which are missing, wrong, too old or not allowed to ask. */
const CREDENTIALS =
  /AccessDenied|Credentials|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|MissingAuthentication/

/** The class of a failure, without its words. */
export const nameOf = (error: unknown): string => (error as Error)?.name ?? 'unknown'

/**
 * Whether the buyer's token is at fault. AWS gives a token of the buyer's that expired and a session of ours that expired
 * one name; only the sentence about ours speaks of a security token.
 */
export const isBuyersMistake = (error: Error): boolean =>
  error.name === 'InvalidTokenException' ||
  (error.name === 'ExpiredTokenException' && !/security token/i.test(error.message))

/** What happened, in words that members may read. */
export function awsSentence(error: unknown): string {
  if (error instanceof OutboundError) return error.message
  const name = nameOf(error)
  if (/Throttl|TooManyRequests/.test(name)) return 'AWS Marketplace asks for fewer questions.'
  if (CREDENTIALS.test(name))
    return 'AWS Marketplace does not accept the AWS credentials of this server. Check them and their IAM policy.'
  // What the SDK throws of an answer that is no JSON, or holds other types than it should.
  if (name === 'SyntaxError' || name === 'TypeError') return UNREADABLE
  return `AWS Marketplace answered with an error (${/^\w{1,80}$/.test(name) ? name : 'unknown'}).`
}
