import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../settings.js'
import { SnsUrls } from './sns-urls.js'

const urls = new SnsUrls(loadConfig({}))
const local = new SnsUrls(loadConfig({ AWS_SNS_ENDPOINT: 'http://127.0.0.1:4566' }))
const pem = '/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem'

describe('SnsUrls', () => {
  it.each([`https://sns.us-west-2.amazonaws.com${pem}`, `https://sns.cn-north-1.amazonaws.com.cn${pem}`])(
    'knows the certificate at %s',
    (url) => expect(urls.isCertificate(url)).toBe(true),
  )

  it.each([
    `http://sns.us-west-2.amazonaws.com${pem}`,
    `https://sns.us-west-2.amazonaws.com:8443${pem}`,
    `https://sns.us-west-2.amazonaws.com.evil.example${pem}`,
    `https://sns.us-west-2.amazonaws.com@evil.example${pem}`,
    `https://user@sns.us-west-2.amazonaws.com${pem}`,
    `https://evil.example/sns.us-west-2.amazonaws.com${pem}`,
    `https://sns.a.b.amazonaws.com${pem}`,
    `https://bucket.s3.amazonaws.com${pem}`,
    `https://sns.us-west-2.amazonaws.com/other${pem}`,
    `https://sns.us-west-2.amazonaws.com/SimpleNotificationService-x.txt`,
    `https://sns.us-west-2.amazonaws.com${pem}?x`,
    `http://127.0.0.1:4566${pem}`,
    'nothing',
  ])('refuses %s', (url) => expect(urls.isCertificate(url)).toBe(false))

  it('confirms subscriptions at SNS only', () => {
    expect(urls.isConfirmation('https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=a')).toBe(true)
    expect(urls.isConfirmation('https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe')).toBe(false)
    expect(urls.isConfirmation('https://169.254.169.254/?Action=ConfirmSubscription')).toBe(false)
  })

  it('knows the configured endpoint instead, where there is one', () => {
    expect(local.isCertificate(`http://127.0.0.1:4566/_aws/sns${pem}`)).toBe(true)
    expect(local.isCertificate(`http://127.0.0.1:4567${pem}`)).toBe(false)
    expect(local.isCertificate(`https://sns.us-west-2.amazonaws.com${pem}`)).toBe(false)
  })
})
