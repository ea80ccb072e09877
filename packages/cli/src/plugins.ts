// From a configuration's plugins to plugins. A plugin of your own is registered in code: `openTill({ plugins })`.
import { activation } from '@cashdesk/plugin-activation'
import type { PluginFactory } from '@cashdesk/sdk'
import type { PluginConfig } from './config.ts'

export function pluginOf(config: PluginConfig): PluginFactory {
  const { name: _, ...options } = config
  return activation(options)
}
