/** Settings that make the routes exist that only a configured server has, for pages that describe all of them. */
export const everyMarketplace = {
  VERCEL_CLIENT_ID: 'oac_described',
  VERCEL_CLIENT_SECRET: 'described',
  AWS_MARKETPLACE_PRODUCT_CODES: 'described',
  AWS_MARKETPLACE_CLAIM_URL: 'https://app.example.com/claim',
  AWS_MARKETPLACE_TOPIC_ARNS: 'arn:aws:sns:us-east-1:123456789012:described',
}
