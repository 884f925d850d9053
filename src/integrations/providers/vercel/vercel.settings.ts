import { z } from 'zod'
import { defineSettings } from '../../../platform/config/define-settings.js'
import { baseUrl, jsonArray, pattern, webUrl } from '../../../platform/config/setting-values.js'

const slug = pattern(/^[A-Za-z0-9_-]+$/, 'write it as it stands in addresses at Vercel')

export const vercelSettings = defineSettings({
  VERCEL_CLIENT_ID: z.string().optional(),
  VERCEL_CLIENT_SECRET: z.string().optional(),
  VERCEL_PRODUCT_SLUG: slug.default('polity'),
  VERCEL_INTEGRATION_SLUG: slug.optional(),
  VERCEL_SECRET_PREFIX: pattern(/^[A-Z][A-Z0-9_]*$/, 'write capital letters, digits and _').default(
    'NEXT_PUBLIC_POLITY',
  ),
  VERCEL_PLANS: jsonArray.optional(),
  VERCEL_ISSUER: baseUrl.default('https://marketplace.vercel.com'),
  VERCEL_JWKS_URL: webUrl.optional(),
  VERCEL_API_URL: baseUrl.default('https://api.vercel.com'),
})
