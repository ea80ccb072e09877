// The transition table is total, sound, and what the documentation shows.
import type { Input, SaleState } from '@cashdesk/kernel'
import { SALE_STATES } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { booked, Till } from '../test/till.ts'
import { decide, diagram, TABLE, validateTable } from './index.ts'
import { LANE_INPUTS } from './table.ts'

const PAGE = `# The states of a sale

Drawn from the transition table in \`packages/checkout/src/table.ts\`, to which every decision is held; a test compares
the two. An input that stands on no arrow leaves the sale in its state, or is refused with the code that the table names.

\`\`\`mermaid
${diagram()}\`\`\`
`

type Table = typeof TABLE
const changed = (state: SaleState, input: Input['type'], to: unknown): Table =>
  // A mistake that the types would have found.
  ({ ...TABLE, [state]: { ...TABLE[state], [input]: to } }) as Table

describe('the table', () => {
  it('is valid', () => {
    expect(() => validateTable()).not.toThrow()
  })

  it('with an unknown state is not', () => {
    expect(() => validateTable(changed('open', 'sale.park', ['parked', 'asleep']))).toThrow(/asleep/)
  })

  it('with an unknown code is not', () => {
    expect(() => validateTable(changed('open', 'tender.add', 'sale.sleepy'))).toThrow(/sale\.sleepy/)
  })

  it('with a state that nothing leads to is not', () => {
    expect(() => validateTable(changed('open', 'sale.park', ['open']))).toThrow(/parked/)
  })

  it('says something about every state and every input', () => {
    const inputs = Object.keys(TABLE.open).sort()
    for (const state of SALE_STATES) {
      expect(Object.keys(TABLE[state]).sort()).toEqual(inputs)
      for (const type of LANE_INPUTS) expect(TABLE[state][type]).toBeInstanceOf(Array)
    }
    expect(inputs).toHaveLength(24)
  })

  it('is drawn in docs/checkout-states.md (`vitest run --project checkout -u` draws it anew)', async () => {
    await expect(PAGE).toMatchFileSnapshot('../../../docs/checkout-states.md')
  })
})

/** A till with one sale in the given state. */
const inState = (state: SaleState): Till => {
  const till = new Till(SHOP)
  const register = new Register(till)
  register.line('1', MILK)
  register.line('2', CARD, [wants('A1')])
  register.claim(COUPON)
  till.allWell()
  switch (state) {
    case 'parked':
      register.say('sale.park')
      break
    case 'cancelled':
      register.say('sale.cancel')
      break
    case 'open':
      break
    default:
      register.say('sale.total')
      till.allWell()
      if (state === 'tendering') break
      register.pay('p', 'card', 100, { split: true })
      till.answer('pay', booked(100))
      if (state === 'cancelling') register.say('sale.cancel')
      else register.pay('q', 'cash')
      if (state === 'closed') {
        register.finish()
        till.allWell()
      }
  }
  expect(till.sale().state).toBe(state)
  return till
}

const EVERY: readonly Input[] = (() => {
  const sale = inState('open').sale().id
  const line = '1' as never
  const op = '00000000-0000-7000-8000-000000000000' as never
  const operator = { operator: '1', reason: 'x' }
  return [
    { type: 'sale.open', sale, kind: 'sale', owner: 'till' },
    { type: 'sale.park', sale },
    { type: 'sale.resume', sale },
    { type: 'sale.total', sale },
    { type: 'sale.reopen', sale },
    { type: 'sale.cancel', sale },
    { type: 'sale.finish', sale },
    { type: 'sale.print', sale },
    { type: 'sale.fiscal', sale, fiscal: { by: 'register', lines: [] } as never },
    { type: 'line.add', sale, line: 'new' as never, article: MILK, quantity: 1, wants: [] },
    { type: 'line.void', sale, line },
    { type: 'basket.claim', sale, wanted: { plugin: 'points', subject: {} } },
    { type: 'prompt.answer', sale, prompt: 'x' as never, value: 'y' },
    { type: 'tender.add', sale, tender: 't' as never, by: 'cash', amountMinor: 'rest' },
    { type: 'register.paid', sale, revision: 2, totalMinor: 2629 as never, reference: 'R' },
    { type: 'register.status', sale, status: 'cancelled' },
    { type: 'lane.started', config: SHOP },
    { type: 'clock' },
    { type: 'scan', text: 'x', line, wants: [] },
    { type: 'terminal.approved', op, facts: { amountMinor: 1, currency: 'EUR' } },
    { type: 'terminal.slip', op, lines: [{ receipt: 'customer', text: 'Thank you' }] },
    { type: 'answer', op, via: 'send', answer: { outcome: 'ask', prompt: { kind: 'x', text: 'x' } } },
    { type: 'task.resolve', task: 'x' as never, action: 'retry', ...operator },
    { type: 'day.end' },
  ]
})()

describe.each(SALE_STATES)('a sale that is %s', state => {
  it('answers every input without a throw, within its row of the table', () => {
    expect(new Set(EVERY.map(input => input.type)).size).toBe(Object.keys(TABLE.open).length)
    for (const input of EVERY) {
      const till = inState(state)
      const events = till.do(input)
      const to = TABLE[state][input.type]
      const after = till.sale().state
      if (typeof to === 'string') expect([input.type, after]).toEqual([input.type, state])
      else expect([input.type, [...to, state].includes(after)]).toEqual([input.type, true])
      if (typeof to === 'string' && events.length > 0)
        expect(events).toMatchObject([{ type: 'refused', error: { code: to } }])
    }
  })
})

describe('decide', () => {
  it('needs a lane that was started', () => {
    const { lane } = new Till(SHOP)
    const empty = { ...lane, config: undefined }
    expect(() => decide(empty, { type: 'day.end' }, { at: 0, nonce: '0'.repeat(32) })).toThrow(TypeError)
  })
})
