// Depth b: the register owns basket and payment. Its word may come twice, late, in the wrong order, or not at all.
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { granted, lost, refusal, refusedWith, Till } from '../test/till.ts'
import { totalsOf } from './index.ts'

const shop = (): { till: Till; register: Register } => {
  const till = new Till(SHOP)
  const register = new Register(till, 'S1', { owner: 'register' })
  register.line('milk', MILK)
  register.line('card', CARD, [wants('A1')])
  return { till, register }
}

const reserved = (): { till: Till; register: Register } => {
  const { till, register } = shop()
  till.allWell()
  register.say('sale.total')
  return { till, register }
}

const paid = (): { till: Till; register: Register } => {
  const { till, register } = reserved()
  register.paid(2629)
  return { till, register }
}

describe('"paid" by the register', () => {
  it('is the pivot', () => {
    const { till } = paid()
    expect(till.sale()).toMatchObject({ state: 'settling', reference: 'R1', legs: [{ kind: 'register' }] })
    expect(till.open()).toEqual(['commit'])
    expect(totalsOf(till.sale()).openMinor).toBe(0)
  })

  it('may be said for ever', () => {
    const { till, register } = paid()
    expect(register.paid(2629)).toEqual([])
    till.allWell()
    expect(register.paid(2629)).toEqual([])
    expect(till.sale().legs).toHaveLength(1)
  })

  it('said otherwise is a mistake', () => {
    const { till, register } = paid()
    expect(refusedWith(register.paid(2629, undefined, 'R2'))).toBe('register.repeated-differently')
    expect(refusedWith(register.paid(2600))).toBe('register.repeated-differently')
    expect(till.sale().legs).toHaveLength(1)
  })

  it('for another revision or total is refused', () => {
    const { till, register } = reserved()
    expect(refusedWith(register.paid(2629, 1))).toBe('sale.revision')
    expect(refusedWith(register.paid(129))).toBe('sale.revision')
    expect(till.sale().state).toBe('tendering')
  })

  it('of a sale that the till owns is refused', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('milk', MILK)
    expect(refusedWith(register.paid(129))).toBe('sale.wrong-state')
    expect(refusedWith(register.status('cancelled'))).toBe('sale.wrong-state')
  })

  it('leaves no tender to the till', () => {
    const { register } = reserved()
    expect(refusedWith(register.pay('p', 'cash'))).toBe('sale.wrong-state')
  })

  it('before the reservation is answered commits as soon as it stands', () => {
    const { till, register } = shop()
    register.paid(2629)
    till.answer('reserve', granted())
    expect(till.open()).toEqual(['commit'])
  })

  it('has no patience to lose: the reservation is asked for until it is answered', () => {
    const { till, register } = shop()
    register.paid(2629)
    till.answer('reserve', lost('provider.unreachable'))
    till.pass(3_600_000)
    expect(till.open()).toEqual(['reserve'])
    till.answer('reserve', lost())
    expect(till.tasks().map(task => task.kind)).toEqual(['provider-stuck'])
    till.pass(60_000)
    till.answer('reserve', granted())
    expect(till.open()).toEqual(['commit'])
    expect(till.tasks()).toEqual([])
  })

  it('for a card that is then refused keeps the line, and is the task "refund due"', () => {
    const { till, register } = shop()
    register.paid(2629)
    till.answer('reserve', refusal('claim.already-active'))
    expect(till.sale().claims[0]?.state).toBe('failed')
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
    expect(totalsOf(till.sale())).toMatchObject({ totalMinor: 2629, openMinor: 0 })
  })

  it('for a card that was never scanned is the task "refund due"', () => {
    const till = new Till(SHOP)
    const register = new Register(till, 'S1', { owner: 'register' })
    register.line('card', CARD, [wants()])
    register.paid(2500)
    expect(till.sale().prompts).toEqual([])
    expect(till.tasks().map(task => task.kind)).toEqual(['refund-due'])
  })

  it('while a reservation is renewed commits it as it is', () => {
    const { till, register } = shop()
    till.answer('reserve', granted({ expiresInMs: 300_000 }))
    till.pass(200_000)
    register.say('sale.total')
    expect(till.open()).toEqual(['renew'])
    register.paid(2629)
    expect(till.open()).toEqual(['commit'])
  })

  it('with a discount that was only quoted redeems it', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: 'off', amountMinor: -100 }] }))
    till.answer('reserve', granted())
    register.paid(2529)
    expect(totalsOf(till.sale())).toMatchObject({ totalMinor: 2529, openMinor: 0 })
    till.allWell()
    expect(till.sale().claims.map(claim => claim.state)).toEqual(['committed', 'committed'])
    expect(totalsOf(till.sale())).toMatchObject({ totalMinor: 2529, openMinor: 0 })
  })

  it('with a discount that turns out otherwise when it is reserved stays what it was', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: 'off', amountMinor: -100 }] }))
    register.paid(2529)
    till.answer('reserve', granted({ adjustments: [{ label: 'off', amountMinor: -200 }] }))
    expect(totalsOf(till.sale())).toMatchObject({ adjustmentsMinor: -100, totalMinor: 2529, openMinor: 0 })
  })

  it('without the discount that was still being asked about redeems nothing', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    register.paid(2629)
    expect(till.sale().claims.at(-1)?.state).toBe('released')
    expect(totalsOf(till.sale()).totalMinor).toBe(2629)
  })

  it('with a discount that is then refused stays what it was, and a person is told', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: 'off', amountMinor: -100 }] }))
    till.answer('reserve', granted())
    register.paid(2529)
    till.answer('reserve', refusal())
    expect(totalsOf(till.sale())).toMatchObject({ totalMinor: 2529, openMinor: 0 })
    expect(till.tasks()).toHaveLength(1)
  })

  it('for a return that never pressed the total deactivates the card all the same', () => {
    const { till } = paid()
    till.allWell()
    const back = new Register(till, 'S2', { kind: 'void', original: till.sale('S1').id, owner: 'register' })
    back.paid(-2629)
    expect(till.open()).toEqual(['void'])
    till.answer('void', refusal())
    expect(till.tasks().map(task => task.kind)).toEqual(['void-refused'])
    expect(totalsOf(till.sale('S2'))).toMatchObject({ totalMinor: -2629, openMinor: 0 })
  })
})

describe('a register that says nothing', () => {
  it('is asked, again and again', () => {
    const { till } = reserved()
    const asked = (): number => till.events.filter(event => event.type === 'sale.asked').length
    till.pass(300_000)
    expect(asked()).toBe(5)
  })

  it('is asked at once after a restart', () => {
    const { till } = reserved()
    expect(till.restart().map(event => event.type)).toContain('sale.asked')
  })

  it.each(['open', 'unknown'] as const)('and answers "%s" lets nothing go', status => {
    const { till, register } = reserved()
    expect(register.status(status)).toEqual([])
    expect(till.sale().state).toBe('tendering')
  })

  it('and answers "cancelled" lets everything go', () => {
    const { till, register } = reserved()
    register.status('cancelled')
    expect(till.sale().state).toBe('cancelled')
    expect(till.open()).toEqual(['release'])
    expect(register.status('cancelled')).toEqual([])
  })

  it('and answers "paid" has paid', () => {
    const { till, register } = reserved()
    register.status('paid')
    expect(till.sale()).toMatchObject({ state: 'settling', legs: [{ amountMinor: 2629 }] })
    expect(register.status('paid')).toEqual([])
  })

  it('and answers "paid" needs nobody to finish the sale: the register that should have may be dead', () => {
    const { till, register } = reserved()
    register.status('paid')
    till.allWell()
    expect(till.sale().state).toBe('closed')
    expect(register.finish()).toEqual([])
  })

  it('and answers "paid" before any total was pressed has paid what the till shows', () => {
    const { till, register } = shop()
    register.say('sale.total')
    register.status('paid')
    expect(till.sale().legs).toMatchObject([{ amountMinor: 2629 }])
  })

  it('is asked no more once it is settled', () => {
    const { till } = paid()
    till.allWell()
    const before = till.events.length
    till.pass(600_000)
    expect(till.events.slice(before).filter(event => event.type === 'sale.asked')).toEqual([])
  })
})

describe('"paid" after the till had let go', () => {
  const letGo = (): { till: Till; register: Register } => {
    const { till, register } = reserved()
    register.status('cancelled')
    return { till, register }
  }

  it('reserves anew under a new id, and commits', () => {
    const { till, register } = letGo()
    const first = till.sale().claims[0]?.ops.reserve
    till.allWell()
    register.paid(2629)
    expect(till.op('reserve')).not.toBe(first)
    till.answer('reserve', granted())
    till.answer('commit', granted())
    expect(till.sale().claims[0]?.state).toBe('committed')
    expect(till.tasks()).toEqual([])
  })

  it('does not confuse the release that is still under way with the new reservation', () => {
    const { till, register } = letGo()
    register.paid(2629)
    till.answer('release', granted())
    expect(till.sale().claims[0]?.state).toBe('reserving')
    till.allWell()
    expect(till.sale().claims[0]?.state).toBe('committed')
  })

  it('is the task "refund due" when somebody else has the card by then', () => {
    const { till, register } = letGo()
    till.allWell()
    register.paid(2629)
    till.answer('reserve', refusal('claim.taken'))
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
    expect(totalsOf(till.sale()).openMinor).toBe(0)
  })

  it('brings the discount back too', () => {
    const till = new Till(SHOP)
    const register = new Register(till, 'S1', { owner: 'register' })
    register.line('milk', MILK)
    register.claim(COUPON)
    till.answer('quote', granted({ adjustments: [{ label: 'off', amountMinor: -29 }] }))
    register.say('sale.cancel')
    expect(refusedWith(register.paid(100))).toBeUndefined()
    till.allWell()
    expect(totalsOf(till.sale())).toMatchObject({ totalMinor: 100, openMinor: 0 })
    expect(till.sale().claims[0]?.state).toBe('committed')
  })

  it('leaves lines alone that were off the sale', () => {
    const { till, register } = shop()
    register.voidLine('card')
    till.allWell()
    register.say('sale.cancel')
    register.paid(129)
    expect(till.open()).toEqual([])
    expect(till.sale().state).toBe('settling')
  })
})

describe('"cancelled" after "paid"', () => {
  it('voids what was committed', () => {
    const { till, register } = paid()
    till.answer('commit', granted())
    register.status('cancelled')
    expect(till.sale().state).toBe('cancelling')
    till.answer('void', granted())
    expect(till.sale()).toMatchObject({ state: 'cancelled', legs: [{ state: 'reversed' }] })
  })

  it('voids what is being committed as soon as that is known', () => {
    const { till, register } = paid()
    register.status('cancelled')
    expect(till.open()).toEqual(['commit'])
    till.answer('commit', granted())
    expect(till.open()).toEqual(['void'])
    till.answer('void', granted())
    expect(till.sale().state).toBe('cancelled')
  })

  it('ends with what was refused', () => {
    const { till, register } = paid()
    register.status('cancelled')
    till.answer('commit', refusal())
    expect(till.sale().state).toBe('cancelled')
    expect(till.tasks()).toEqual([])
  })

  it('closes the task that a refund is due, and nobody can activate the card any more', () => {
    const { till, register } = paid()
    till.answer('commit', refusal())
    expect(till.tasks()).toHaveLength(1)
    register.status('cancelled')
    expect(till.tasks()).toEqual([])
    expect(till.sale().state).toBe('cancelled')
  })

  it('ends what was still being asked for, with its task', () => {
    const { till, register } = shop()
    register.paid(2629)
    till.pass(700_000)
    till.answer('reserve', lost())
    expect(till.tasks()).toHaveLength(1)
    register.status('cancelled')
    expect(till.tasks()).toEqual([])
    expect(till.open()).toEqual(['release'])
  })

  it('is a task where the card cannot be taken back', () => {
    const { till, register } = paid()
    till.answer('commit', granted())
    register.status('cancelled')
    till.answer('void', refusal())
    expect(till.sale().state).toBe('cancelled')
    expect(till.tasks().map(task => task.kind)).toEqual(['void-refused'])
  })

  it('works on a closed sale', () => {
    const { till, register } = paid()
    register.finish()
    till.allWell()
    expect(till.sale().state).toBe('closed')
    register.status('cancelled')
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'cancelled', claims: [{ state: 'voided' }] })
  })

  it('and "paid" once more reserves and commits anew', () => {
    const { till, register } = paid()
    till.allWell()
    register.status('cancelled')
    till.allWell()
    register.paid(2629, undefined, 'R2')
    till.allWell()
    expect(till.sale()).toMatchObject({ state: 'settling', claims: [{ state: 'committed' }] })
    expect(totalsOf(till.sale()).openMinor).toBe(0)
  })

  it('and "paid" once more while the void is under way waits for its answer', () => {
    for (const [answer, kinds] of [
      [granted(), ['reserve']],
      [refusal(), []],
    ] as const) {
      const { till, register } = paid()
      till.answer('commit', granted())
      register.status('cancelled')
      register.paid(2629, undefined, 'R2')
      expect(till.open()).toEqual(['void'])
      till.answer('void', answer)
      expect(till.open()).toEqual(kinds)
      till.allWell()
      expect(till.sale().claims[0]?.state).toBe('committed')
      expect(till.tasks()).toEqual([])
    }
  })

  it('and "paid" once more keeps the card that could not be taken back', () => {
    const { till, register } = paid()
    till.allWell()
    register.status('cancelled')
    till.answer('void', refusal())
    register.paid(2629, undefined, 'R2')
    expect(till.sale().claims[0]?.state).toBe('committed')
    expect(till.tasks()).toEqual([])
  })
})
