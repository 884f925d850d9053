import { Injectable } from '@nestjs/common'
import { X509Certificate } from 'node:crypto'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OutboundError } from '../../../platform/outbound/outbound.error.js'
import { awsMarketplaceUnavailable } from './aws-marketplace.errors.js'

/** Amazon SNS has one certificate for each region, and renews it about once a year. */
const MOST_KEPT = 20

/** The certificates with which Amazon SNS signs. */
@Injectable()
export class SnsCertificates {
  private readonly kept = new Map<string, X509Certificate>()

  constructor(private readonly outbound: Outbound) {}

  holds(url: string): boolean {
    return this.kept.has(url)
  }

  /**
   * @returns the certificate at a URL of Amazon SNS, or undefined if it is not RSA or not valid now
   * @throws {ApiError} 503 if Amazon SNS does not answer; it then sends the message again
   */
  async at(url: string): Promise<X509Certificate | undefined> {
    const certificate = this.kept.get(url) ?? (await this.fetch(url))
    if (!certificate || certificate.publicKey.asymmetricKeyType !== 'rsa' || !isValidNow(certificate)) {
      this.kept.delete(url)
      return undefined
    }
    this.kept.set(url, certificate)
    if (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value!)
    return certificate
  }

  private async fetch(url: string): Promise<X509Certificate | undefined> {
    const answer = await this.outbound.fetch(url).catch((error) => {
      throw error instanceof OutboundError ? tryAgain() : error
    })
    if (answer.status >= 500 || answer.status === 429) throw tryAgain()
    if (answer.status !== 200) return undefined
    try {
      return new X509Certificate(await answer.text())
    } catch {
      return undefined
    }
  }
}

const tryAgain = () => awsMarketplaceUnavailable({}, { headers: { 'retry-after': '30' } })

const isValidNow = ({ validFrom, validTo }: X509Certificate): boolean =>
  Date.parse(validFrom) <= Date.now() && Date.now() <= Date.parse(validTo)
