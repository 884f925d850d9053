export { AcmeProvider } from './acme.provider.js'
export type { AcmeConfig, AcmeSecrets } from './acme-workspace.js'
