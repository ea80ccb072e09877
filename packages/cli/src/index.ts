// A till from a JSON configuration, for registers that are configured and not programmed. The command is in main.ts.
import { CashdeskError } from '@cashdesk/kernel'
import type { TillOptions } from '@cashdesk/sdk'
import { type Inspection, inspectFile, inspectValue, type ReadOptions } from './inspect.ts'
import { said } from './problems.ts'

export type { CheckReport, TillSummary } from './check.ts'
export type { Articles, Config } from './config.ts'
export { type Inspection, inspectFile, type ReadOptions, type SecretUse } from './inspect.ts'
export type { Problem } from './problems.ts'

/**
 * The options for `openTill` from a configuration file. Relative paths in it are relative to the file.
 * @throws CashdeskError `config.unreadable`; `config.invalid`, or `config.secret` if nothing else is wrong, with every
 * mistake in `detail.problems`
 */
export async function readConfig(file: string, options: ReadOptions = {}): Promise<TillOptions> {
  return optionsOr(await inspectFile(file, options), file)
}

/**
 * The same from a configuration in memory.
 * @param folder what its relative paths are relative to; the working directory if absent
 * @throws CashdeskError `config.invalid`, `config.secret`
 */
export async function tillOptionsFrom(
  config: unknown,
  options: ReadOptions & { readonly folder?: string } = {},
): Promise<TillOptions> {
  return optionsOr(await inspectValue(config, options.folder ?? '.', options))
}

function optionsOr({ options, problems }: Inspection, file?: string): TillOptions {
  if (options) return options
  const only = problems.every(({ code }) => code === 'config.secret')
  throw new CashdeskError(only ? 'config.secret' : 'config.invalid', {
    ...(file === undefined ? {} : { file }),
    problems: problems.map(said),
  })
}
