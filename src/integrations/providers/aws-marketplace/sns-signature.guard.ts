import { type CanActivate, createParamDecorator, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { verify } from 'node:crypto'
import { RateLimits } from '../../../access/index.js'
import type { Logger } from '../../../platform/logging/logger.js'
import { LOGGER } from '../../../platform/logging/logger.token.js'
import { unverifiedNotification } from './aws-marketplace.errors.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'
import { SnsCertificates } from './sns-certificates.js'
import { signedText, snsMessage, type SnsMessage } from './sns-message.js'
import { SnsUrls } from './sns-urls.js'

/** Amazon SNS tries to deliver for an hour; the timestamp is that of the first try. */
const OLDEST_MS = 60 * 60 * 1_000
const CLOCK_DIFFERENCE_MS = 5 * 60 * 1_000

/** The message that {@link SnsSignatureGuard} let in. */
export const SignedSnsMessage = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().body,
)

/**
 * Lets in recent messages that Amazon SNS signed for a topic of ours.
 * Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
@Injectable()
export class SnsSignatureGuard implements CanActivate {
  constructor(
    private readonly settings: AwsMarketplaceSetup,
    private readonly urls: SnsUrls,
    private readonly certificates: SnsCertificates,
    private readonly limits: RateLimits,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Replaces the body by the parsed message. @throws {ApiError} 403; only the log says why */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const parsed = snsMessage.safeParse(request.body)
    const fault = parsed.success ? await this.faultOf(parsed.data, request.ip) : 'not a message of SNS'
    if (fault) {
      this.logger.warn({ request_id: request.id, fault }, 'message to the SNS endpoint refused')
      throw unverifiedNotification()
    }
    request.body = parsed.data
    return true
  }

  /** Makes the cheap checks first, because anyone can post here. */
  private async faultOf(message: SnsMessage, address: string): Promise<string | undefined> {
    if (!this.settings.topicArns.includes(message.TopicArn)) return 'topic is not in AWS_MARKETPLACE_TOPIC_ARNS'
    const age = Date.now() - Date.parse(message.Timestamp)
    if (age > OLDEST_MS || age < -CLOCK_DIFFERENCE_MS) return 'too old, or the clocks differ'
    if (!this.urls.isCertificate(message.SigningCertURL)) return 'certificate is not at an address of SNS'
    if (!this.certificates.holds(message.SigningCertURL)) await this.limits.countAddress(address)
    const certificate = await this.certificates.at(message.SigningCertURL)
    if (!certificate) return 'certificate is not valid'
    const algorithm = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256'
    const signature = Buffer.from(message.Signature, 'base64')
    const authentic = verify(algorithm, Buffer.from(signedText(message)), certificate.publicKey, signature)
    return authentic ? undefined : 'signature does not fit'
  }
}
