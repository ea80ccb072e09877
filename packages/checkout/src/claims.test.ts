// Reservations, quotes and their end: what a sale waits for, and what it never leaves behind.
import { describe, expect, it } from 'vitest'
import { CARD, COUPON, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { granted, lost, refusal, refusedWith, Till } from '../test/till.ts'
import { nextDue, totalsOf } from './index.ts'

const shop = (): { till: Till; register: Register } => {
  const till = new Till(SHOP)
  const register = new Register(till)
  register.line('milk', MILK)
  return { till, register }
}

const withCard = (): { till: Till; register: Register } => {
  const { till, register } = shop()
  register.line('card', CARD, [wants('A1')])
  return { till, register }
}

describe('a reservation', () => {
  it('is asked for at once, and ringing up goes on meanwhile', () => {
    const { till, register } = withCard()
    expect(till.open()).toEqual(['reserve'])
    expect(refusedWith(register.line('more', MILK))).toBeUndefined()
  })

  it('holds the total back until it is answered', () => {
    const { till, register } = withCard()
    register.say('sale.total')
    expect(till.sale()).toMatchObject({ state: 'open', totalling: true })
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    expect(till.sale()).toMatchObject({ state: 'tendering', frozen: { ready: true, totalMinor: 2629 } })
  })

  it('refused takes its line off the sale, and the total goes on without it', () => {
    const { till, register } = withCard()
    register.say('sale.total')
    till.answer('reserve', refusal('claim.already-active'))
    expect(till.sale().lines.map(line => line.state)).toEqual(['active', 'refused'])
    expect(till.sale().frozen?.totalMinor).toBe(129)
    expect(till.open()).toEqual([])
  })

  it('that never left the till is refused at once', () => {
    const { till } = withCard()
    till.answer('reserve', lost('provider.unreachable'))
    expect(till.sale().lines[1]).toMatchObject({ state: 'refused', error: { code: 'provider.unreachable' } })
    expect(till.open()).toEqual([])
  })

  it('without an answer is asked for again under the same id', () => {
    const { till } = withCard()
    const op = till.op('reserve')
    till.answer('reserve', lost())
    expect(till.outbox.get(op)).toMatchObject({ state: 'waiting', next: 'repeat' })
    till.pass(1_000)
    expect(till.outbox.get(op)).toMatchObject({ state: 'sent', attempt: 2 })
    // Once an attempt may have arrived, "nothing was sent" proves nothing any more.
    till.answer('reserve', lost('provider.unreachable'))
    expect(till.sale().lines[1]?.state).toBe('active')
  })

  it('without an answer for too long is given up: line refused, release queued', () => {
    const { till, register } = withCard()
    const op = till.op('reserve')
    register.say('sale.total')
    till.answer('reserve', lost())
    till.pass(20_000)
    expect(till.sale()).toMatchObject({ state: 'tendering', frozen: { totalMinor: 129 } })
    expect(till.sale().lines[1]).toMatchObject({ state: 'refused', error: { code: 'provider.no-answer' } })
    expect(till.open()).toEqual(['release'])
    expect(till.intent('release').effect).toMatchObject({ about: op })
    till.answer('release', refusal('provider.not-found'))
    expect(till.sale().claims[0]?.state).toBe('released')
    expect(till.tasks()).toEqual([])
  })

  it('answered late changes nothing and is kept', () => {
    const { till } = withCard()
    const op = till.op('reserve')
    till.pass(20_000)
    const before = till.sale()
    const events = till.do({ type: 'answer', op, via: 'send', answer: granted() })
    expect(events).toMatchObject([{ type: 'op.late', op, outcome: 'done' }])
    expect(till.sale()).toBe(before)
  })

  it('whose provider asks one more question asks the cashier, and is sent anew with the answer', () => {
    const { till, register } = withCard()
    till.answer('reserve', { outcome: 'ask', prompt: { kind: 'zip', text: 'Postcode?' } })
    expect(till.sale().prompts.map(prompt => prompt.kind)).toEqual(['zip'])
    register.reply('10115')
    expect(till.sale().claims[0]).toMatchObject({
      state: 'reserving',
      subject: { serial: 'A1', zip: '10115' },
    })
  })

  it('is not granted by an answer of another kind', () => {
    const { till } = withCard()
    till.answer('reserve', { outcome: 'done', of: 'terminal', data: { amountMinor: 1, currency: 'EUR' } })
    expect(till.sale().claims[0]?.state).toBe('reserving')
  })

  it('is let go with its line, known or not', () => {
    const { till, register } = withCard()
    const op = till.op('reserve')
    register.voidLine('card')
    expect(till.open()).toEqual(['release'])
    expect(till.intent('release').effect).toMatchObject({ about: op })
  })

  it('that the total waits for may be let go with its line', () => {
    const { till, register } = withCard()
    register.say('sale.total')
    register.voidLine('card')
    expect(till.sale()).toMatchObject({ state: 'tendering', frozen: { totalMinor: 129 } })
  })

  it('whose release is said to be refused when it is asked about, is released once more before a person is called', () => {
    const till = new Till(SHOP)
    const register = new Register(till)
    register.line('game', MILK, [wants('L1', 'licence')])
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    register.say('sale.cancel')
    const first = till.op('release')
    till.answer('release', lost())
    till.pass(60_000)
    till.answer('release', refusal())
    expect(till.open()).toEqual(['release'])
    expect(till.op('release')).not.toBe(first)
    expect(till.tasks()).toEqual([])
    till.answer('release', refusal())
    expect(till.tasks()).toMatchObject([{ kind: 'provider-stuck' }])
  })

  it('released without an answer is released again, for as long as it takes, and a task tells', () => {
    const { till, register } = withCard()
    till.answer('reserve', granted())
    register.voidLine('card')
    const op = till.op('release')
    for (let asked = 0; asked < 30; asked += 1) {
      till.answer('release', lost())
      till.pass(60_000)
    }
    expect(till.op('release')).toBe(op)
    expect(till.tasks().map(task => task.kind)).toEqual(['provider-stuck'])
    till.answer('release', granted())
    expect(till.sale().claims[0]?.state).toBe('released')
    expect(till.tasks()).toEqual([])
  })

  it('can be taken back from the total while it is pending', () => {
    const { till, register } = withCard()
    register.say('sale.total')
    register.say('sale.reopen')
    till.answer('reserve', granted())
    expect(till.sale()).toMatchObject({ state: 'open', totalling: false })
  })
})

describe('a reservation that would not outlive the payment', () => {
  const short = (): { till: Till; register: Register } => {
    const { till, register } = withCard()
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    till.pass(800_000)
    register.say('sale.total')
    return { till, register }
  }

  it('is renewed before any amount reaches a tender', () => {
    const { till, register } = short()
    expect(till.open()).toEqual(['renew'])
    expect(refusedWith(register.pay('p', 'cash'))).toBe('claim.pending')
    till.answer('renew', granted({ expiresInMs: 900_000 }))
    expect(till.sale().frozen?.ready).toBe(true)
    expect(till.sale().claims[0]?.expiresAt).toBe(till.now + 900_000)
  })

  it('drops its line when the renewal is refused, and the customer agrees to another total', () => {
    const { till } = short()
    till.answer('renew', refusal('claim.taken'))
    expect(till.sale()).toMatchObject({ state: 'open' })
    expect(till.sale().lines[1]).toMatchObject({ state: 'refused', error: { code: 'claim.expired' } })
    expect(till.open()).toEqual(['release'])
  })

  it('drops its line when the renewal is not answered in time', () => {
    const { till } = short()
    till.answer('renew', lost())
    till.pass(20_000)
    expect(till.sale().state).toBe('open')
    expect(till.sale().lines[1]?.state).toBe('refused')
  })

  it('is renewed again if the customer takes long to find a purse', () => {
    const { till, register } = short()
    till.answer('renew', granted({ expiresInMs: 900_000 }))
    till.pass(800_000)
    expect(refusedWith(register.pay('p', 'card'))).toBe('claim.pending')
    expect(till.open()).toEqual(['renew'])
    till.answer('renew', granted())
    expect(refusedWith(register.pay('p', 'card'))).toBeUndefined()
  })

  it('drops its line where the provider knows no renewal', () => {
    const { till, register } = shop()
    register.line('licence', CARD, [wants('L1', 'licence')])
    till.answer('reserve', granted({ expiresInMs: 100_000 }))
    till.pass(90_000)
    register.say('sale.total')
    expect(till.sale().lines[1]).toMatchObject({ state: 'refused', error: { code: 'claim.expired' } })
    expect(till.sale().state).toBe('open')
  })

  it('does not stop a sale for ever where the provider never grants enough', () => {
    const { till, register } = withCard()
    till.answer('reserve', granted({ expiresInMs: 60_000 }))
    till.pass(40_000)
    register.say('sale.total')
    till.answer('renew', granted({ expiresInMs: 60_000 }))
    expect(refusedWith(register.pay('p', 'card'))).toBeUndefined()
  })

  it('is left alone where there is time enough', () => {
    const { till, register } = withCard()
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    till.pass(600_000)
    register.say('sale.total')
    expect(till.sale().frozen?.ready).toBe(true)
  })
})

describe('a coupon on the basket', () => {
  const ten = granted({ adjustments: [{ label: '10 %', amountMinor: -13 }] })
  const quoted = (): { till: Till; register: Register } => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', ten)
    return { till, register }
  }

  it('is only quoted while ringing up', () => {
    const { till } = quoted()
    expect(totalsOf(till.sale()).totalMinor).toBe(116)
    expect(till.open()).toEqual([])
  })

  it('is quoted anew whenever the basket changes, and the old answer is forgotten', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    const first = till.op('quote')
    register.line('2', MILK)
    expect(till.open()).toEqual(['quote'])
    till.do({ type: 'answer', op: first, via: 'send', answer: ten })
    expect(till.sale().claims[0]?.state).toBe('quoting')
    till.answer('quote', granted({ adjustments: [{ label: '10 %', amountMinor: -26 }] }))
    expect(totalsOf(till.sale()).totalMinor).toBe(232)
  })

  it('takes nothing off an empty basket, and holds nothing up', () => {
    const { till, register } = quoted()
    register.voidLine('milk')
    expect(totalsOf(till.sale()).totalMinor).toBe(0)
    expect(till.open()).toEqual([])
    register.line('2', MILK)
    expect(till.open()).toEqual(['quote'])
  })

  it('is reserved when the total is pressed', () => {
    const { till, register } = quoted()
    register.say('sale.total')
    expect(till.open()).toEqual(['reserve'])
    expect(refusedWith(register.pay('p', 'cash'))).toBe('claim.pending')
    till.answer('reserve', ten)
    expect(till.sale().frozen).toMatchObject({ ready: true, totalMinor: 116 })
  })

  it('is released and quoted afresh under new ids when the sale is opened again', () => {
    const { till, register } = quoted()
    register.say('sale.total')
    const reserve = till.op('reserve')
    till.answer('reserve', ten)
    register.say('sale.reopen')
    expect(till.open()).toEqual(['release', 'quote'])
    expect(till.intent('release').effect).toMatchObject({ about: reserve })
    till.allWell()
    register.say('sale.total')
    expect(till.op('reserve')).not.toBe(reserve)
  })

  it('being renewed when the sale is opened again is released like any other', () => {
    const { till, register } = quoted()
    register.say('sale.total')
    till.answer('reserve', granted({ expiresInMs: 900_000, adjustments: [] }))
    till.pass(890_000)
    register.pay('p', 'cash')
    expect(till.open()).toEqual(['renew'])
    register.say('sale.reopen')
    expect(till.open()).toEqual(['release', 'quote'])
  })

  it('refused at the total leads back to ringing up: the customer saw another amount', () => {
    const { till, register } = quoted()
    register.say('sale.total')
    till.answer('reserve', refusal())
    expect(till.sale()).toMatchObject({ state: 'open', claims: [{ state: 'refused' }] })
    expect(till.sale().frozen).toBeUndefined()
    register.say('sale.total')
    expect(till.sale().frozen).toMatchObject({ ready: true, totalMinor: 129 })
  })

  it('without an answer to its quote does not hold up the sale', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', lost())
    register.say('sale.total')
    expect(till.sale().claims[0]?.state).toBe('reserving')
  })

  it('may ask while it is quoted, and is quoted with the answer', () => {
    const { till, register } = shop()
    register.claim(COUPON)
    till.answer('quote', { outcome: 'ask', prompt: { kind: 'age', text: 'Age?' } })
    expect(till.sale().claims[0]?.state).toBe('asking')
    register.reply('21')
    expect(till.open()).toEqual(['quote'])
  })

  it('may ask at the total, and is reserved with the answer', () => {
    const { till, register } = quoted()
    register.say('sale.total')
    till.answer('reserve', { outcome: 'ask', prompt: { kind: 'age', text: 'Age?' } })
    expect(till.sale().state).toBe('tendering')
    expect(refusedWith(register.reply('21'))).toBeUndefined()
    till.answer('reserve', ten)
    expect(till.sale().frozen).toMatchObject({ ready: true, totalMinor: 116 })
  })

  it('said twice is on the basket once', () => {
    const { till, register } = quoted()
    expect(register.claim(COUPON)).toEqual([])
    expect(till.sale().claims).toHaveLength(1)
  })
})

describe('a moment at which two things are due', () => {
  it('does not touch again what the first of them has already ended', () => {
    const { till, register } = withCard()
    register.claim(COUPON)
    const first = till.op('quote')
    till.pass(20_000)
    // The card was given up, so the coupon is quoted anew: the limit of its old quote is history.
    expect(till.sale().lines[1]?.state).toBe('refused')
    expect(till.sale().claims[1]?.state).toBe('quoting')
    expect(till.op('quote')).not.toBe(first)
  })
})

describe('time', () => {
  it('is asked for only while something waits for it', () => {
    const { till } = shop()
    expect(nextDue(till.lane)).toBeUndefined()
  })

  it('never stays due once it came', () => {
    const { till } = withCard()
    till.answer('reserve', lost())
    till.pass(3_600_000)
    const due = nextDue(till.lane)
    expect(due === undefined || due > till.now).toBe(true)
  })
})
