import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../settings.js'
import { StartError } from '../../../platform/start-error.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'

const whole = {
  AWS_MARKETPLACE_PRODUCT_CODES: 'a, b',
  AWS_MARKETPLACE_CLAIM_URL: 'https://app.example.com/?tab=1#top',
  AWS_MARKETPLACE_TOPIC_ARNS: 'arn:aws:sns:us-east-1:1:topic',
}
const settings = (variables: Record<string, string>) => new AwsMarketplaceSetup(loadConfig(variables))

describe('AwsMarketplaceSetup', () => {
  it.each(['AWS_MARKETPLACE_CLAIM_URL', 'AWS_MARKETPLACE_TOPIC_ARNS'])('refuses to start without %s', (name) => {
    expect(() => settings({ ...whole, [name]: '' })).toThrow(StartError)
    expect(() => settings({ ...whole, [name]: '' })).toThrow(`${name} is not set`)
  })

  it('needs nothing where nothing is sold', () => expect(settings({}).enabled).toBe(false))

  it('keeps what the claim page is asked already', () =>
    expect(settings(whole).claimUrl('x')).toBe('https://app.example.com/?tab=1&registration=x#top'))
})
