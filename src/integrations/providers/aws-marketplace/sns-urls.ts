import { Injectable } from '@nestjs/common'
import { Config } from '../../../platform/config/config.js'
import { awsMarketplaceSettings } from './aws-marketplace.settings.js'

const SNS_HOST = /^sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?$/
const CERTIFICATE_PATH = /^\/SimpleNotificationService-[A-Za-z0-9_-]{1,100}\.pem$/

/** Tells which URLs in a message are Amazon SNS’ own. With `AWS_SNS_ENDPOINT`, only those of its origin are. */
@Injectable()
export class SnsUrls {
  private readonly origin: string | undefined

  constructor(config: Config) {
    const endpoint = config.of(awsMarketplaceSettings).AWS_SNS_ENDPOINT
    this.origin = endpoint && new URL(endpoint).origin
  }

  isCertificate(text: string): boolean {
    const url = this.own(text)
    if (!url || url.search) return false
    return this.origin ? url.pathname.endsWith('.pem') : CERTIFICATE_PATH.test(url.pathname)
  }

  isConfirmation(text: string): boolean {
    return this.own(text)?.searchParams.get('Action') === 'ConfirmSubscription'
  }

  private own(text: string): URL | undefined {
    if (!URL.canParse(text)) return undefined
    const url = new URL(text)
    if (url.username || url.password) return undefined
    const own = this.origin
      ? url.origin === this.origin
      : url.protocol === 'https:' && url.port === '' && SNS_HOST.test(url.hostname)
    return own ? url : undefined
  }
}
