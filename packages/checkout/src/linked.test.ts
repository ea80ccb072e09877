// Voids and returns: bounded by what the original sold and took, cards dead before money goes back.
import type { LaneConfig } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { article, CARD, COUPON, GAME, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { booked, granted, lost, printed, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

/** A closed sale of three milks and one active card. */
const sold = (by = 'cash', config: LaneConfig = SHOP): Till => {
  const till = new Till(config)
  const register = new Register(till)
  register.line('milk', MILK, [], 3)
  register.line('card', CARD, [wants('A1')])
  till.allWell()
  register.say('sale.total')
  register.pay('p', by)
  till.allWell()
  register.finish()
  till.allWell()
  expect(till.sale().state).toBe('closed')
  return till
}

const undoing = (till: Till, kind: 'void' | 'return', id = 'S2'): Register =>
  new Register(till, id, { kind, original: till.sale('S1').id })

describe('a void', () => {
  it('takes back the whole sale: the card first, then the money', () => {
    const till = sold()
    const back = undoing(till, 'void')
    expect(totalsOf(till.sale('S2')).totalMinor).toBe(-2887)
    back.say('sale.total')
    expect(till.open()).toEqual(['void'])
    expect(till.intent('void').effect).toMatchObject({ about: till.sale('S1').claims[0]?.ops.commit })
    expect(refusedWith(back.pay('p', 'cash'))).toBe('claim.pending')
    till.answer('void', granted())
    back.pay('p', 'cash')
    expect(till.sale('S2')).toMatchObject({ state: 'settling', legs: [{ amountMinor: -2887 }] })
  })

  it('refunds the amount where the provider knows no void, under an id of its own', () => {
    const participants = SHOP.participants.map(each => ({
      ...each,
      operations: each.operations.map(operation => (operation === 'void' ? 'refund' : operation)),
    }))
    const till = sold('cash', { ...SHOP, participants })
    const back = undoing(till, 'void')
    back.say('sale.total')
    expect(till.open()).toEqual(['refund'])
    const { about, amountMinor } = {
      about: undefined,
      amountMinor: undefined,
      ...till.intent('refund').effect,
    }
    expect({ about, amountMinor }).toEqual({
      about: till.sale('S1').claims[0]?.ops.commit,
      amountMinor: 2500,
    })
    till.answer('refund', granted())
    back.pay('p', 'cash')
    expect(till.sale('S2')).toMatchObject({ state: 'settling', claims: [{ state: 'voided' }] })
  })

  it('drops the line whose card was used, and gives back the rest', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.total')
    till.answer('void', refusal())
    expect(till.sale('S2')).toMatchObject({ state: 'open', claims: [{ state: 'kept' }] })
    expect(totalsOf(till.sale('S2')).totalMinor).toBe(-387)
    back.say('sale.total')
    back.pay('p', 'cash')
    expect(till.sale('S2').state).toBe('settling')
    expect(till.tasks()).toEqual([])
  })

  it('waits for the answer of the provider as long as it takes', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.total')
    till.answer('void', lost())
    expect(refusedWith(back.say('sale.reopen'))).toBe('claim.pending')
    expect(refusedWith(back.say('sale.cancel'))).toBe('claim.pending')
    till.pass(60_000)
    till.answer('void', granted())
    expect(till.sale('S2').frozen?.ready).toBe(true)
  })

  it('whose provider never answers is let go by a person: that card stays sold', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.total')
    for (let asked = 0; asked < 20; asked += 1) {
      till.answer('void', lost())
      till.pass(60_000)
    }
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'written-off', operator: '17', reason: 'gone' })
    expect(till.sale('S2')).toMatchObject({ state: 'open' })
    back.say('sale.total')
    back.pay('p', 'cash')
    expect(till.sale('S2')).toMatchObject({ state: 'settling', legs: [{ amountMinor: -387 }] })
  })

  it('of one card payment reverses it whole at the terminal', () => {
    const till = sold('card')
    const back = undoing(till, 'void')
    back.say('sale.total')
    till.answer('void', granted())
    back.pay('p', 'card')
    expect(till.intent('payback').effect).toMatchObject({
      operation: 'reverse',
      original: { amountMinor: 2887 },
    })
    till.answer('payback', booked(2887))
    expect(till.sale('S2')).toMatchObject({ state: 'settling', legs: [{ amountMinor: -2887 }] })
    expect(till.lane.day.expectedMinor).toBe(0)
  })

  it('is refused once something of the sale came back', () => {
    const till = sold()
    undoing(till, 'return').returned('r', 'milk')
    till.sale('S2')
    new Register(till, 'x')
    const back = new Register(till, 'S3', { kind: 'void', original: till.sale('S1').id, owner: 'register' })
    expect(refusedWith(back.opened)).toBe('line.exceeds-original')
  })

  it('is refused while a card of the sale may still become active', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    expect(refusedWith(undoing(till, 'void').opened)).toBe('claim.pending')
    till.answer('commit', granted())
    expect(refusedWith(undoing(till, 'void').opened)).toBeUndefined()
  })

  it('of what was never sold here is refused', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('1', MILK)
    register.say('sale.park')
    expect(refusedWith(undoing(till, 'void').opened)).toBe('sale.no-original')
    expect(refusedWith(new Register(till, 'S3', { kind: 'void' }).opened)).toBe('sale.no-original')
  })

  it('cannot be undone itself', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.total')
    till.allWell()
    back.pay('p', 'cash')
    const again = new Register(till, 'S3', { kind: 'void', original: till.sale('S2').id })
    expect(refusedWith(again.opened)).toBe('sale.no-original')
  })

  it('cannot be cancelled, nor its line taken off, once a card is dead: the money must go back', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.total')
    till.answer('void', granted())
    expect(refusedWith(back.say('sale.cancel'))).toBe('sale.not-cancellable')
    back.say('sale.reopen')
    expect(refusedWith(back.voidLine('card'))).toBe('sale.not-cancellable')
    expect(refusedWith(back.voidLine('milk'))).toBeUndefined()
    back.say('sale.total')
    back.pay('p', 'cash')
    expect(till.sale('S2')).toMatchObject({ state: 'settling', legs: [{ amountMinor: -2500 }] })
  })

  it('cancelled before anything happened leaves the original whole', () => {
    const till = sold()
    const back = undoing(till, 'void')
    back.say('sale.cancel')
    expect(till.sale('S2')).toMatchObject({ state: 'cancelled', claims: [{ state: 'released' }] })
    expect(till.open()).toEqual([])
    expect(refusedWith(undoing(till, 'void', 'S3').opened)).toBeUndefined()
  })
})

describe('a return', () => {
  it('takes back some of a line', () => {
    const till = sold()
    const back = undoing(till, 'return')
    back.returned('r', 'milk', 2)
    back.say('sale.total')
    back.pay('p', 'cash')
    expect(till.sale('S2')).toMatchObject({ state: 'settling', legs: [{ amountMinor: -258 }] })
  })

  it('takes back at most what was sold, over all returns', () => {
    const till = sold()
    const first = undoing(till, 'return')
    expect(refusedWith(first.returned('r', 'milk', 4))).toBe('line.exceeds-original')
    first.returned('r', 'milk', 2)
    expect(refusedWith(first.returned('s', 'milk', 2))).toBe('line.exceeds-original')
    first.say('sale.total')
    first.pay('p', 'cash')
    const second = undoing(till, 'return', 'S3')
    expect(refusedWith(second.returned('r', 'milk', 2))).toBe('line.exceeds-original')
    expect(refusedWith(second.returned('r', 'milk', 1))).toBeUndefined()
    expect(refusedWith(second.returned('s', 'milk', 1))).toBe('line.unknown')
  })

  it('names a line of the original', () => {
    const till = sold()
    const back = undoing(till, 'return')
    expect(refusedWith(back.returned('r', 'bread'))).toBe('line.unknown')
    expect(refusedWith(back.line('r', MILK))).toBe('line.unknown')
    expect(
      refusedWith(till.do({ type: 'scan', text: 'x', line: 'r' as never, article: MILK, wants: [] })),
    ).toBe('sale.wrong-state')
  })

  it('repeated under its line id changes nothing, whatever the register calls the article', () => {
    const till = sold()
    const back = undoing(till, 'return')
    back.returned('r', 'card')
    expect(back.returned('r', 'card')).toEqual([])
    expect(refusedWith(back.returned('r', 'milk'))).toBe('register.repeated-differently')
  })

  it('of a card deactivates it, and may be undone until then', () => {
    const till = sold()
    const back = undoing(till, 'return')
    back.returned('r', 'card')
    back.voidLine('r')
    back.returned('s', 'card')
    back.say('sale.total')
    expect(till.open()).toEqual(['void'])
    till.answer('void', granted())
    back.pay('p', 'cash')
    expect(till.sale('S2').legs[0]?.amountMinor).toBe(-2500)
  })

  it('of nothing is refused', () => {
    const back = undoing(sold(), 'return')
    expect(refusedWith(back.say('sale.total'))).toBe('sale.empty')
  })
})

describe('a return of a card that may still become active', () => {
  it('waits until that is known', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    register.line('milk', MILK)
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    const back = undoing(till, 'return')
    expect(refusedWith(back.returned('r', 'card'))).toBe('claim.pending')
    expect(refusedWith(back.returned('s', 'milk'))).toBeUndefined()
    till.answer('commit', granted())
    expect(refusedWith(back.returned('r', 'card'))).toBeUndefined()
  })
})

describe('what comes back of a sale with a discount', () => {
  const discounted = (minus: number): Till => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('a', article(1000), [], 3)
    register.line('b', GAME)
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: 'off', amountMinor: minus }] }))
    register.say('sale.total')
    till.allWell()
    register.pay('p', 'cash')
    till.allWell()
    register.finish()
    till.allWell()
    return till
  }

  it('is what was paid, and the coupon', () => {
    const till = discounted(-800)
    const back = undoing(till, 'void')
    expect(totalsOf(till.sale('S2')).totalMinor).toBe(-7199)
    back.say('sale.total')
    expect(till.intent('void').effect).toMatchObject({ plugin: 'coupon' })
    till.allWell()
    back.pay('p', 'cash')
    expect(till.sale('S2').legs[0]?.amountMinor).toBe(-7199)
  })

  it.each([-1, -100, -799, -7999])('of %i adds up to the last cent over any returns', minus => {
    const till = discounted(minus)
    let sum = 0
    for (const [at, line] of ['a', 'b', 'a', 'a'].entries()) {
      const back = undoing(till, 'return', `R${at}`)
      back.returned('r', line)
      sum += totalsOf(till.sale(`R${at}`)).totalMinor
      back.say('sale.total')
      back.pay('p', 'cash')
      till.allWell()
    }
    expect(sum).toBe(-7999 - minus)
  })
})

describe('a card that was paid and never became active', () => {
  const due = (): Till => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    till.allWell()
    register.say('sale.total')
    register.pay('p', 'cash')
    till.answer('drawer', printed())
    till.answer('commit', refusal())
    expect(till.tasks().map(task => task.kind)).toEqual(['refund-due'])
    return till
  }

  it('is worth what was paid for it: its share of a discount is not given back', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('card', CARD, [wants('A1')])
    register.claim(COUPON)
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    till.answer('quote', granted({ adjustments: [{ label: '10 %', amountMinor: -250 }] }))
    register.say('sale.total')
    till.answer('reserve', granted({ adjustments: [{ label: '10 %', amountMinor: -250 }] }))
    register.pay('p', 'cash')
    const commit = [...till.lane.operations.values()].find(
      ({ kind, plugin }) => kind === 'commit' && plugin === 'activation',
    )
    if (!commit) throw new TypeError('no activation')
    till.do({ type: 'answer', op: commit.op, via: 'send', answer: refusal() })
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2250 }])
  })

  it('is refunded once: by hand, and then by no return or void any more', () => {
    const till = due()
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    const by = { operator: '17', reason: 'gave 25.00 back' }
    till.do({ type: 'task.resolve', task: task.id, action: 'settled', ...by })
    expect(till.sale('S1').claims[0]?.state).toBe('refunded')
    expect(refusedWith(undoing(till, 'return').opened)).toBe('line.exceeds-original')
    expect(refusedWith(undoing(till, 'void', 'S3').opened)).toBe('line.exceeds-original')
  })

  it('written off as a loss may still be returned by a customer who comes back', () => {
    const till = due()
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    till.do({ type: 'task.resolve', task: task.id, action: 'written-off', operator: '17', reason: 'gone' })
    const back = undoing(till, 'return')
    expect(refusedWith(back.returned('r', 'card'))).toBeUndefined()
  })

  it('is refunded by a return, and its task is done with it', () => {
    const till = due()
    const back = undoing(till, 'return')
    back.returned('r', 'card')
    back.say('sale.total')
    expect(till.open()).toEqual([])
    back.pay('p', 'cash')
    expect(till.tasks()).toEqual([])
  })

  it('is neither activated nor refunded by hand while its money goes back', () => {
    const till = due()
    undoing(till, 'return').returned('r', 'card')
    const [task] = till.tasks()
    if (!task) throw new TypeError('no task')
    const resolve = { type: 'task.resolve', task: task.id, operator: '17', reason: 'x' } as const
    expect(refusedWith(till.do({ ...resolve, action: 'retry' }))).toBe('task.action')
    expect(refusedWith(till.do({ ...resolve, action: 'settled' }))).toBe('task.action')
    expect(till.tasks()).toHaveLength(1)
  })
})
