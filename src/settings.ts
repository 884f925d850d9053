import { accessSettings } from './access/access.settings.js'
import { awsMarketplaceSettings } from './integrations/providers/aws-marketplace/aws-marketplace.settings.js'
import { vercelSettings } from './integrations/providers/vercel/vercel.settings.js'
import { integrationsSettings } from './integrations/integrations.settings.js'
import { organizationsSettings } from './organizations/organizations.settings.js'
import type { Config } from './platform/config/config.js'
import { dotEnvText, parseSettings } from './platform/config/parse-settings.js'
import type { Settings } from './platform/config/define-settings.js'
import { type PluginModule, settingsOf } from './plugin-declaration.js'

/**
 * The settings of our own modules. They declare them too, and a test compares. They are listed here because a start reads
 * its settings before it loads the modules, so that PostgreSQL starts meanwhile.
 */
export const shippedSettings: readonly Settings[] = [
  accessSettings,
  organizationsSettings,
  integrationsSettings,
  vercelSettings,
  awsMarketplaceSettings,
]

interface WithPlugins {
  /** Plugins whose settings are read too. */
  plugins?: readonly PluginModule[]
}

/**
 * Parses the environment. An empty variable counts as not set, as shells and Compose files mean it.
 * @throws {StartError} naming every bad variable and what it may hold, and every name that is nearly one of ours
 */
export const loadConfig = (variables: NodeJS.ProcessEnv, { plugins = [] }: WithPlugins = {}): Config =>
  parseSettings({ variables, settings: [...shippedSettings, ...settingsOf(plugins)] }).config

/**
 * Reads `.env` from the working directory, where one exists, into the environment, and parses both.
 * @throws {StartError} as {@link loadConfig}, and for lines and names of `.env` that nobody would read
 */
export function readSettings({ plugins = [] }: WithPlugins = {}): Config {
  const settings = [...shippedSettings, ...settingsOf(plugins)]
  const { config, dotEnvValues } = parseSettings({ variables: process.env, dotEnv: dotEnvText(), settings })
  // Libraries read their own variables from there.
  for (const [name, value] of Object.entries(dotEnvValues)) process.env[name] ??= value
  return config
}
