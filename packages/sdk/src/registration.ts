// What is checked of plugins before a till sells with them: each by itself when it is defined, all together when the
// till opens.
import { CashdeskError, type ParticipantConfig } from '@cashdesk/kernel'
import type { Plugin, PluginDefinition } from './plugin.ts'

/** @throws CashdeskError `plugin.invalid`, naming what breaks the contract */
export function checkDefinition<Config extends object>(definition: PluginDefinition<Config>): void {
  const wrong = (problem: string): never => {
    throw new CashdeskError('plugin.invalid', { plugin: String(definition.name), problem })
  }
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(definition.name)) wrong('name: lower-case letters, digits and dashes')
  if (definition.contract !== 1) wrong('contract: this house speaks contract 1')
  if (!['line', 'basket', 'tender'].includes(definition.claims)) wrong('claims: line, basket or tender')
  if (definition.claims === 'line' && !definition.wants)
    wrong('a plugin that claims lines says which it `wants`')
  if (definition.claims === 'basket' && !definition.identify)
    wrong('a plugin that claims the basket says what it can `identify`')
  if (definition.claims === 'tender' && !(definition.reserve && definition.commit && definition.release)) {
    wrong('a tender reserves, commits and releases')
  }
  if (definition.reserve && !definition.release) wrong('what can be reserved must be released')
  if (!definition.commit && !definition.quote) wrong('it neither commits nor quotes anything')
  if (definition.offline.commit === 'refuse')
    wrong('offline.commit: what is paid must become true, so commits are queued')
  if (definition.offline.reserve === 'defer') checkDeferral(definition, wrong)
  else if (definition.deferral) wrong('deferral: limits for what `offline.reserve` does not allow')
  const onUnknown = definition.profile?.onUnknown
  if (onUnknown === 'query' && !definition.query) wrong('profile.onUnknown is `query`, but there is no query')
  if (definition.pin) checkPin(definition, wrong)
  if (definition.after?.includes(definition.name)) wrong('after: it cannot wait for itself')
}

function checkPin<Config extends object>(
  definition: PluginDefinition<Config>,
  wrong: (problem: string) => never,
): void {
  // Line and basket claims may be reserved anew after the payment, when nobody stands at the pad any more.
  if (definition.claims !== 'tender') wrong('pin: only a payment asks for one')
  if (!definition.query)
    wrong('pin: it is sent once, so there must be a `query` that tells what became of it')
  if (definition.profile?.onUnknown === 'repeat')
    wrong('profile.onUnknown is `repeat`, but a PIN is not kept and cannot be sent again')
  if (definition.offline.reserve === 'defer')
    wrong('offline.reserve: a reservation that carries a PIN cannot be put off')
}

function checkDeferral<Config extends object>(
  definition: PluginDefinition<Config>,
  wrong: (problem: string) => never,
): void {
  if (definition.claims !== 'line' || !definition.reserve)
    wrong('offline.reserve: only the reservation of a line can be deferred')
  if (!definition.deferral) wrong('offline.reserve: what is deferred needs limits, see `deferral`')
  if (definition.delivers)
    wrong(
      `offline.reserve: a ${definition.delivers} comes from the provider, so it cannot be sold without it`,
    )
}

/**
 * The limits within which a plugin defers reservations, if it does at all.
 * @throws CashdeskError `config.invalid` for a limit that is no whole number from 0
 */
export function offlineOf<Config extends object>(
  { name, offline, deferral }: PluginDefinition<Config>,
  config: Config,
): ParticipantConfig['offline'] {
  const limits = offline.reserve === 'defer' ? deferral?.(config) : undefined
  if (!limits) return { reserve: 'refuse' }
  const problems = LIMITS.filter(limit => !Number.isSafeInteger(limits[limit]) || limits[limit] < 0)
  if (problems.length > 0) {
    throw new CashdeskError('config.invalid', {
      problems: problems.map(limit => `${name}: the deferral limit ${limit} is a whole number from 0`),
    })
  }
  return { reserve: 'defer', limits }
}

const LIMITS = ['itemMinor', 'cardMinor', 'laneMinor', 'laneClaims', 'ageMs'] as const

/** Checks plugins against each other. @throws CashdeskError `plugin.invalid` */
export function checkTogether(plugins: readonly Plugin[]): void {
  const names = new Set<string>()
  for (const { name } of plugins) {
    if (names.has(name))
      throw new CashdeskError('plugin.invalid', { plugin: name, problem: 'registered twice' })
    if (name === 'cash' || name === 'card')
      throw new CashdeskError('plugin.invalid', { plugin: name, problem: 'the name of a means of payment' })
    names.add(name)
  }
  const after = new Map(
    plugins.map(({ name, participant }) => [name, participant.after.filter(each => names.has(each))]),
  )
  const waits = (name: string, seen: readonly string[]): void => {
    if (seen.includes(name))
      throw new CashdeskError('plugin.invalid', {
        plugin: name,
        problem: `waits for itself: ${[...seen, name].join(' → ')}`,
      })
    for (const first of after.get(name) ?? []) waits(first, [...seen, name])
  }
  for (const { name } of plugins) waits(name, [])
}
