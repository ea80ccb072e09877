// The conformance kit for plugin authors: drives a plugin through the whole contract on a simulated till, with lost,
// late, doubled and malformed answers and a crash at every durable step, and says which rule it breaks.
import { reportOf } from '@cashdesk/kernel'
import type { PluginFactory } from './plugin.ts'
import { checkTogether } from './registration.ts'
import { CHECKS, type Check } from './testing-checks.ts'
import { Kit } from './testing-kit.ts'
import { type PluginFixtures, secretOf } from './testing-sale.ts'

export {
  type ModelProvider,
  type ProviderBooks,
  type ReferenceAnswer,
  type ReferenceOptions,
  type ReferenceProvider,
  type ReferenceRequest,
  referenceProvider,
} from './testing-provider.ts'
export type { PluginFixtures } from './testing-sale.ts'

/** One rule, and how the plugin kept it. */
export interface PluginCheck {
  /** `sale`, `lost-answers`, `crash` … */
  readonly name: string
  /** The rule of docs/plugins and of the checkout that it proves. */
  readonly rule: string
  readonly ok: boolean
  /** What was done and what came of it, for the plugin's author. */
  readonly story: string
}

export interface PluginReport {
  readonly plugin: string
  readonly ok: boolean
  readonly checks: readonly PluginCheck[]
}

/**
 * Drives a plugin through the contract. Never throws: whatever goes wrong is in the report.
 * @param options `only`: names of checks; all of them if absent
 */
export async function testPlugin(
  plugin: PluginFactory,
  fixtures: PluginFixtures,
  options: { readonly only?: readonly string[] } = {},
): Promise<PluginReport> {
  const registration = await registered(plugin, fixtures)
  const checks = [registration]
  if (registration.ok) {
    const kit = new Kit(plugin, fixtures)
    const wanted = CHECKS.filter(({ name }) => options.only?.includes(name) ?? true)
    for (const check of wanted) checks.push(await told(check, kit))
  }
  return { plugin: plugin.name, ok: checks.every(check => check.ok), checks }
}

async function registered(factory: PluginFactory, fixtures: PluginFixtures): Promise<PluginCheck> {
  const name = 'registration'
  const rule = 'what a plugin declares is checked when it is registered'
  try {
    const plugin = await factory.configure(({ secret }) =>
      secretOf(fixtures, secret.slice(secret.indexOf(':') + 1)),
    )
    checkTogether([plugin])
    return {
      name,
      rule,
      ok: true,
      story: `It claims a ${plugin.participant.claims} and declares ${plugin.participant.operations.join(', ')}.`,
    }
  } catch (thrown) {
    return {
      name,
      rule,
      ok: false,
      story: `It was not registered: ${JSON.stringify(reportOf(thrown, 'plugin.threw'))}`,
    }
  }
}

async function told({ name, rule, run }: Check, kit: Kit): Promise<PluginCheck> {
  try {
    const { problems, story } = await run(kit)
    const ok = problems.length === 0
    return { name, rule, ok, story: ok ? story : problems.join(' ') }
  } catch (thrown) {
    const { code, message, detail } = reportOf(thrown, 'plugin.threw')
    return {
      name,
      rule,
      ok: false,
      story: `It ended with ${code}: ${message} ${JSON.stringify(detail ?? {})}`,
    }
  }
}
