import type { Type } from '@nestjs/common'
import { type IntegrationProvider, PolityPlugin, type PluginOptions } from '../../src/index.js'

/** A plugin that is nothing but what it declares. */
export function pluginOf(options: PluginOptions, name = 'TestPlugin'): Type {
  const { [name]: plugin } = { [name]: class {} }
  PolityPlugin(options)(plugin!)
  return plugin!
}

/** Kinds of integration, without routes of their own. */
export const kindsOf = (...integrations: Type<IntegrationProvider>[]): Type => pluginOf({ integrations })
