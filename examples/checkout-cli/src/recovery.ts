// What a register does when it starts: it shows what the last run left, lets the till finish what is paid, and cancels
// what nobody will pay for any more.
import type { Recovered } from '@cashdesk/sdk'
import type { Counter } from './counter.ts'

/** What is in flight resolves within this, unless somebody is away. */
const SETTLE_MS = 20_000

/** Answers the sales that the last run left, and what became of them. Cancels those in `unpaid`, if told to. */
export async function takeUp(counter: Counter, unpaid: 'cancel' | 'keep'): Promise<readonly Recovered[]> {
  const { register, story } = counter
  const left = await register.call('standing', {})
  if (left.recovered.length === 0) return []
  story.heading('The till starts, and finds what the last run left')
  for (const { sale, state, claims } of left.recovered) story.say(`Sale ${sale}: ${state}${inWords(claims)}`)
  await register.call('idle', { timeoutMs: SETTLE_MS })
  for (const sale of (await register.call('standing', {})).unfinished) {
    if (unpaid === 'keep' || (sale.state !== 'open' && sale.state !== 'tendering' && sale.state !== 'parked'))
      continue
    for (const { id, state, error } of sale.payments)
      story.say(`Its payment ${id} is ${state}${error ? `: ${error.message}` : ''}`)
    story.say('Nobody has paid for it and the customer is gone: it is cancelled')
    await register.call('cancel', { sale: sale.id, reason: 'left unpaid by a register that stopped' })
    await register.call('idle', { timeoutMs: SETTLE_MS })
  }
  const { recovered } = await register.call('standing', {})
  for (const { sale, state, claims } of recovered) story.say(`Sale ${sale} is now ${state}${inWords(claims)}`)
  return recovered
}

function inWords(claims: Recovered['claims']): string {
  return claims.map(({ plugin, serial = '', state }) => `, ${plugin} ${serial} ${state}`).join('')
}
