// The configuration of the till whose directory was named, checked against its journal before anything is opened with
// it: the wrong file would make the till ask a person about work that another configuration does.
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import type { PluginFactory, TillOptions } from '@cashdesk/sdk'
import { readConfig } from './index.ts'
import type { Book } from './reading.ts'

/** @throws CashdeskError `config.*`, `cli.usage` for another till's configuration, `plugin.missing` */
export async function configOf(book: Book, file: string): Promise<TillOptions> {
  const options = await readConfig(file)
  if ((await realDir(options.dir)) !== (await realDir(book.dir)))
    throw new CashdeskError('cli.usage', {
      reason: `${file} is of the till in ${options.dir}, not of ${book.dir}`,
    })
  const plugins = pluginsMissing(book, options.plugins ?? [])
  if (plugins.length > 0) throw new CashdeskError('plugin.missing', { plugins, config: file })
  return options
}

async function realDir(dir: string): Promise<string> {
  return realpath(dir).catch(() => resolve(dir))
}

/** Plugins that the till last ran with, that have something open, and that the configuration lacks. */
function pluginsMissing({ lane }: Book, plugins: readonly PluginFactory[]): readonly string[] {
  const given = new Set(plugins.map(({ name }) => name))
  const known = new Set((lane.config?.participants ?? []).map(({ plugin }) => plugin))
  const open = new Set([
    ...[...lane.operations.values()].flatMap(({ plugin }) => plugin ?? []),
    ...[...lane.live.values()].flatMap(({ claims }) => claims.map(({ plugin }) => plugin)),
  ])
  return [...open].filter(plugin => known.has(plugin) && !given.has(plugin)).sort()
}
