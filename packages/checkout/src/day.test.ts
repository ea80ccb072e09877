// The end of the day: the terminal settles, and its book is compared with the till's.
import type { Answer } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, Register, SHOP } from '../test/shop.ts'
import { booked, lost, printed, refusedWith, Till } from '../test/till.ts'

const totals = (totalMinor: number): Answer => ({
  outcome: 'done',
  of: 'totals',
  data: { totalMinor, currency: 'EUR', counts: {}, facts: {} },
})

const sell = (till: Till, id: string, amount: number, training = false): Register => {
  const register = new Register(till, id, { training })
  register.line('1', article(amount))
  register.say('sale.total')
  register.pay('p', 'card')
  if (!training) till.answer('pay', booked(amount))
  return register
}

describe('the end of the day', () => {
  it('with equal books starts a new one', () => {
    const till = new Till(SHOP)
    sell(till, 'S1', 1000)
    sell(till, 'S2', 500)
    sell(till, 'S3', 700, true)
    till.do({ type: 'day.end' })
    till.answer('end-of-day', totals(1500))
    expect(till.events.at(-1)).toMatchObject({ type: 'day.ended', expectedMinor: 1500 })
    expect(till.lane.day.expectedMinor).toBe(0)
    expect(till.tasks()).toEqual([])
  })

  it('on which more was given back than taken is told without a sign', () => {
    const till = new Till(SHOP)
    sell(till, 'S1', 1000).finish()
    till.do({ type: 'day.end' })
    till.answer('end-of-day', totals(1000))
    till.allWell()
    const back = new Register(till, 'S2', { kind: 'return', original: till.sale('S1').id })
    back.returned('r', '1')
    back.say('sale.total')
    back.pay('p', 'card')
    till.answer('payback', booked(1000))
    expect(till.lane.day.expectedMinor).toBe(-1000)
    till.do({ type: 'day.end' })
    till.answer('end-of-day', totals(1000))
    expect(till.tasks()).toEqual([])
  })

  it('with a difference is a task', () => {
    const till = new Till(SHOP)
    sell(till, 'S1', 1000)
    till.do({ type: 'day.end' })
    till.answer('end-of-day', totals(1200))
    expect(till.tasks()).toMatchObject([{ kind: 'books-differ', amountMinor: 200, actions: ['settled'] }])
  })

  it('waits for the terminal to be free', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('1', article(100))
    register.say('sale.total')
    register.pay('p', 'card')
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.busy')
    till.answer('pay', booked(100))
    expect(refusedWith(till.do({ type: 'day.end' }))).toBeUndefined()
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.busy')
  })

  it.each([lost('terminal.no-answer'), printed()])(
    'without totals is said to whoever asked, and compares nothing',
    answer => {
      const till = new Till(SHOP)
      sell(till, 'S1', 1000)
      till.do({ type: 'day.end' })
      expect(refusedWith(till.answer('end-of-day', answer))).toBeDefined()
      expect(till.lane.day.expectedMinor).toBe(1000)
      expect(till.tasks()).toEqual([])
    },
  )

  it('needs a terminal', () => {
    const till = new Till({ ...SHOP, hasTerminal: false })
    expect(refusedWith(till.do({ type: 'day.end' }))).toBe('terminal.absent')
  })
})
