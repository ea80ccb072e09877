// A power cut after any step: what was in flight is resumed from the events alone, and the sale ends right.
import type { Intent } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { booked, granted, lost, refusal, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

const isTerminal = ({ effect }: Intent): boolean => effect.type === 'terminal'

/** One register's way through a whole sale, step by step; `at` is where the power goes. */
const steps = (till: Till): readonly (() => void)[] => {
  let register: Register | undefined
  const hand = (): Register => {
    register ??= new Register(till)
    return register
  }
  const answer = (): void => {
    const [head] = till.heads()
    if (head)
      till.answer(
        till.lane.operations.get(head.op)?.kind ?? '',
        isTerminal(head.intent) ? booked(2366) : granted(),
      )
  }
  return [
    () => hand(),
    () => hand().line('milk', MILK),
    () => hand().line('card', CARD, [wants()]),
    () => hand().reply('A1'),
    () => hand().claim(COUPON),
    () => till.answer('quote', granted({ adjustments: [{ label: '10 %', amountMinor: -263 }] })),
    () => till.answer('reserve', granted({ expiresInMs: 900_000 })),
    () => hand().say('sale.total'),
    answer,
    () => hand().pay('p', 'card'),
    answer,
    answer,
    answer,
    () => hand().finish(),
    () => till.allWell(),
  ]
}

/** What a register does that was restarted too: it looks where its sale stands, and goes on. */
const goOn = (till: Till): void => {
  const { id } = till.sale()
  for (let rounds = 0; rounds < 20; rounds += 1) {
    till.allWell()
    const { state, prompts, legs } = till.sale()
    if (state === 'closed' || state === 'cancelled') return
    const [prompt] = prompts
    if (prompt) till.do({ type: 'prompt.answer', sale: id, prompt: prompt.id, value: 'A1' })
    else if (state === 'open' && till.sale().lines.length === 0) till.do({ type: 'sale.cancel', sale: id })
    else if (state === 'open') till.do({ type: 'sale.total', sale: id })
    else if (state === 'tendering')
      till.do({
        type: 'tender.add',
        sale: id,
        tender: `again-${legs.length}` as never,
        by: 'card',
        amountMinor: 'rest',
      })
    else till.do({ type: 'sale.finish', sale: id })
  }
}

describe('a power cut', () => {
  const count = steps(new Till(SHOP)).length

  it.each(Array.from({ length: count }, (_, at) => at))(
    'after step %i ends in a closed sale with the right money',
    at => {
      const till = new Till(SHOP)
      for (const step of steps(till).slice(0, at + 1)) step()
      till.restart()
      goOn(till)
      const { state, claims, lines } = till.sale()
      expect(['closed', 'cancelled']).toContain(state)
      expect(till.open()).toEqual([])
      expect(till.tasks()).toEqual([])
      if (state === 'cancelled') return
      const totals = totalsOf(till.sale())
      expect(totals).toMatchObject({ openMinor: 0, paidMinor: totals.totalMinor })
      if (lines.length === 2) expect(claims.find(claim => claim.on === 'line')?.state).toBe('committed')
      expect(till.sale().legs.filter(leg => leg.state === 'done')).toHaveLength(1)
    },
  )

  it('after every single step loses nothing either', () => {
    const till = new Till(SHOP)
    for (const step of steps(till)) {
      step()
      till.restart()
      // What the restart asked about is answered as it was.
      for (const head of till.heads()) {
        if (head.next === 'query' && isTerminal(head.intent)) till.answer('pay', booked(2366))
      }
    }
    goOn(till)
    expect(till.sale()).toMatchObject({ state: 'closed' })
    expect(till.tasks()).toEqual([])
  })

  it('leaves a lane that is the fold of its events', () => {
    const till = new Till(SHOP)
    for (const step of steps(till)) {
      step()
      expect(till.refold()).toEqual(till.lane)
    }
  })
})

describe('after a restart', () => {
  const paying = (): { till: Till; register: Register } => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('milk', MILK)
    register.say('sale.total')
    register.pay('p', 'card')
    return { till, register }
  }

  it('a payment is asked about, never sent again', () => {
    const { till } = paying()
    const op = till.op('pay')
    till.restart()
    expect(till.sale().legs[0]?.state).toBe('unknown')
    expect(till.outbox.get(op)).toMatchObject({ state: 'sent', next: 'query' })
    till.answer('pay', refusal('terminal.not-booked'))
    expect(till.sale()).toMatchObject({ state: 'tendering', legs: [{ state: 'refused' }] })
  })

  it('an approved payment is unknown until the terminal was asked', () => {
    const { till } = paying()
    till.do({ type: 'terminal.approved', op: till.op('pay'), facts: { amountMinor: 129, currency: 'EUR' } })
    till.restart()
    expect(till.sale().legs[0]?.state).toBe('unknown')
    till.answer('pay', booked(129))
    expect(till.sale().state).toBe('settling')
  })

  it('a reversal that stood behind another in the queue is sent, not given up', () => {
    const { till, register } = paying()
    till.answer('pay', lost('terminal.link-lost'))
    till.answer('pay', booked(100))
    register.pay('q', 'card', 10, { split: true })
    till.answer('pay', booked(10))
    register.say('sale.cancel')
    till.restart()
    till.answer('reverse', refusal('terminal.not-booked'))
    till.pass(10_000)
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'cancelled' })
    expect(till.tasks()).toEqual([])
  })

  it('the drawer stays shut', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('milk', MILK)
    register.say('sale.total')
    register.pay('p', 'cash')
    expect(till.open()).toEqual(['drawer'])
    till.restart()
    expect(till.open()).not.toContain('drawer')
  })

  it('a paid sale is finished without its register', () => {
    const { till } = paying()
    till.answer('pay', booked(129))
    till.restart()
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'closed', paper: { state: 'printed' } })
  })

  it('work of a plugin that is gone waits, with a task that says so, and goes on when it is back', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    till.restart({ ...SHOP, participants: [] })
    till.restart({ ...SHOP, participants: [] })
    expect(till.tasks()).toMatchObject([{ kind: 'provider-stuck', error: { code: 'plugin.missing' } }])
    till.restart()
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'closed', claims: [{ state: 'committed' }] })
    expect(till.tasks()).toEqual([])
  })

  it('a reservation of a plugin that is gone can be given up by a person, with its line', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('milk', MILK)
    register.line('card', CARD, [wants('A1')])
    till.restart({ ...SHOP, participants: [] })
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'written-off', operator: '17', reason: 'gone' })
    expect(till.sale().lines.map(line => line.state)).toEqual(['active', 'refused'])
  })

  it('a reservation is waited for anew, and given up when that time is over', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('milk', MILK)
    register.line('card', CARD, [wants('A1')])
    register.say('sale.total')
    till.now += 3_600_000
    till.restart()
    till.pass(19_999)
    expect(till.sale()).toMatchObject({ state: 'open', totalling: true })
    till.pass(1)
    expect(till.sale()).toMatchObject({ state: 'tendering', frozen: { totalMinor: 129 } })
  })

  it('a hundred times in the middle of a commit neither drops nor doubles it', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    const op = till.op('commit')
    for (let kills = 0; kills < 100; kills += 1) till.restart()
    expect(till.open().filter(kind => kind === 'commit')).toHaveLength(1)
    expect(till.op('commit')).toBe(op)
    till.answer('commit', granted())
    expect(till.sale().claims[0]?.state).toBe('committed')
  })
})
