import { Injectable } from '@nestjs/common'
import { Config } from '../../../platform/config/config.js'
import { StartError } from '../../../platform/start-error.js'
import { awsMarketplaceSettings } from './aws-marketplace.settings.js'

/** The products that this server sells in AWS Marketplace; none without product codes. */
@Injectable()
export class AwsMarketplaceSetup {
  readonly productCodes: readonly string[]
  readonly topicArns: readonly string[]
  private readonly claimPage: string

  /** @throws {StartError} that names a missing setting */
  constructor(config: Config) {
    const settings = config.of(awsMarketplaceSettings)
    this.productCodes = settings.AWS_MARKETPLACE_PRODUCT_CODES
    this.topicArns = settings.AWS_MARKETPLACE_TOPIC_ARNS
    this.claimPage = settings.AWS_MARKETPLACE_CLAIM_URL ?? ''
    if (!this.enabled) return
    if (!this.claimPage)
      throw new StartError(
        'AWS_MARKETPLACE_CLAIM_URL is not set. AWS_MARKETPLACE_PRODUCT_CODES needs it: set it to your page where a buyer signs in and claims the purchase.',
      )
    if (this.topicArns.length === 0)
      throw new StartError(
        'AWS_MARKETPLACE_TOPIC_ARNS is not set. AWS_MARKETPLACE_PRODUCT_CODES needs it: set it to the ARNs of the SNS topics that AWS Marketplace created for your products.',
      )
  }

  get enabled(): boolean {
    return this.productCodes.length > 0
  }

  /** The URL where a buyer claims a registration. Keeps the query of the page’s own URL. */
  claimUrl(registration: string): string {
    const url = new URL(this.claimPage)
    url.searchParams.set('registration', registration)
    return url.href
  }
}
