import { defineSettings } from '../../../platform/config/define-settings.js'
import { listOf, pattern, webUrl } from '../../../platform/config/setting-values.js'
import { awsSdk } from './aws-sdk-variables.js'

export const awsMarketplaceSettings = defineSettings(
  {
    AWS_MARKETPLACE_PRODUCT_CODES: listOf(/^[\w-]+$/, 'write product codes, separated by commas').default([]),
    AWS_MARKETPLACE_CLAIM_URL: webUrl.optional(),
    AWS_MARKETPLACE_TOPIC_ARNS: listOf(
      /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d+:[\w.-]+$/,
      'write ARNs like arn:aws:sns:us-east-1:123456789012:topic, separated by commas',
    ).default([]),
    AWS_REGION: pattern(/^[a-z]{2,3}(-[a-z]+)+-\d{1,2}$/, 'write a region like us-east-1').default('us-east-1'),
    AWS_MARKETPLACE_METERING_ENDPOINT: webUrl.optional(),
    AWS_MARKETPLACE_ENTITLEMENT_ENDPOINT: webUrl.optional(),
    AWS_SNS_ENDPOINT: webUrl.optional(),
  },
  { library: awsSdk },
)
