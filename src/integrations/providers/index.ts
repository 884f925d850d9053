export { VercelApi, VercelRefusal } from './vercel/vercel-api.js'
export type { VercelConfig, VercelIntegration, VercelSecrets } from './vercel/vercel-installation.js'
