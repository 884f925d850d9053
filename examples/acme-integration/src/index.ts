export { AcmeModule } from './acme.module.js'
export { AcmeProvider } from './acme.provider.js'
export type { AcmeConfig, AcmeSecrets } from './acme-workspace.js'
