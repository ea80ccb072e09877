// Selling while the provider cannot be asked: what may be put off, what never may, and what becomes of it later.
import { type LaneConfig, type ParticipantConfig, saleId } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { CARD, MILK, Register, SHOP, wants } from '../test/shop.ts'
import { booked, granted, lost, printed, refusal, refusedWith, Till } from '../test/till.ts'

const LIMITS = { itemMinor: 10_000, cardMinor: 10_000, laneMinor: 50_000, laneClaims: 20, ageMs: 14_400_000 }

function deferring(limits: Partial<typeof LIMITS> = {}): LaneConfig {
  const [activation, ...others] = SHOP.participants
  if (!activation) throw new TypeError('no activation')
  const offline: ParticipantConfig['offline'] = { reserve: 'defer', limits: { ...LIMITS, ...limits } }
  return { ...SHOP, participants: [{ ...activation, offline }, ...others] }
}

const down = (): ReturnType<typeof lost> => lost('provider.unreachable')

const shop = (limits: Partial<typeof LIMITS> = {}): { till: Till; register: Register } => {
  const till = new Till(deferring(limits))
  return { till, register: new Register(till) }
}

/** A card whose reservation never left the till. */
const offline = (limits: Partial<typeof LIMITS> = {}): { till: Till; register: Register } => {
  const { till, register } = shop(limits)
  register.line('card', CARD, [wants('A1')])
  till.answer('reserve', down())
  return { till, register }
}

const paidOffline = (): { till: Till; register: Register } => {
  const { till, register } = offline()
  register.say('sale.total')
  register.pay('T1', 'cash')
  return { till, register }
}

describe('a reservation that cannot be asked for', () => {
  it('is put off, and its request stays open under its id', () => {
    const { till, register } = shop()
    register.line('card', CARD, [wants('A1')])
    const op = till.op('reserve')
    till.answer('reserve', down())
    expect(till.sale().claims[0]).toMatchObject({
      state: 'deferred',
      error: { code: 'provider.unreachable' },
    })
    expect(till.sale().lines[0]?.state).toBe('active')
    expect(till.op('reserve')).toBe(op)
  })

  it('is put off too when the sale’s patience with a silent provider ends', () => {
    const { till, register } = shop()
    register.line('card', CARD, [wants('A1')])
    const op = till.op('reserve')
    till.answer('reserve', lost())
    till.pass(20_000)
    expect(till.sale().claims[0]?.state).toBe('deferred')
    expect(till.op('reserve')).toBe(op)
  })

  it('is never committed before it stands', () => {
    const { till } = paidOffline()
    expect(till.sale().state).toBe('settling')
    expect(till.open()).not.toContain('commit')
    till.pass(60_000)
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    expect(till.open()).toContain('commit')
    till.answer('commit', granted())
    expect(till.sale().claims[0]?.state).toBe('committed')
  })

  it('does not keep the paper waiting', () => {
    const { till, register } = paidOffline()
    register.finish()
    expect(till.open()).toContain('print')
  })

  it('refused after the payment is a refund that is due', () => {
    const { till } = paidOffline()
    till.pass(60_000)
    till.answer('reserve', refusal('claim.already-active'))
    expect(till.sale().claims[0]?.state).toBe('failed')
    expect(till.tasks()).toMatchObject([
      { kind: 'refund-due', amountMinor: 2500, actions: ['retry', 'settled', 'written-off'] },
    ])
  })

  it('that stood unheard and ran out is asked for anew, under a new id', () => {
    const { till } = paidOffline()
    const first = till.op('reserve')
    till.pass(60_000)
    till.answer('reserve', refusal('claim.expired'))
    expect(till.sale().claims[0]?.state).toBe('deferred')
    expect(till.op('reserve')).not.toBe(first)
    till.answer('reserve', refusal('claim.taken'))
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due' }])
  })

  it('refused before the total takes its line off the sale', () => {
    const { till } = offline()
    till.pass(60_000)
    till.answer('reserve', refusal('claim.taken'))
    expect(till.sale().lines[0]).toMatchObject({ state: 'refused', error: { code: 'claim.taken' } })
  })

  it('refused at the total, with no money under way, goes back to ringing up', () => {
    const { till, register } = offline()
    register.line('milk', MILK)
    register.say('sale.total')
    till.pass(60_000)
    till.answer('reserve', refusal('claim.taken'))
    expect(till.sale()).toMatchObject({ state: 'open' })
    expect(till.sale().lines.map(line => line.state)).toEqual(['refused', 'active'])
  })

  it('refused while the customer pays changes nothing on the bill, and is told afterwards', () => {
    const { till, register } = offline()
    register.line('milk', MILK)
    register.say('sale.total')
    register.pay('T1', 'card')
    till.pass(1_000)
    till.answer('reserve', refusal('claim.taken'))
    expect(till.sale()).toMatchObject({ state: 'tendering' })
    till.answer('pay', booked(2629))
    expect(till.sale().state).toBe('settling')
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
  })

  it('refused while a part is paid, or a payment is in doubt, changes nothing on the bill either', () => {
    const part = offline()
    part.register.say('sale.total')
    part.register.pay('T1', 'cash', 1000)
    part.till.pass(1_000)
    part.till.answer('reserve', refusal('claim.taken'))
    expect(part.till.sale().lines[0]?.state).toBe('active')
    part.register.pay('T2', 'cash')
    expect(part.till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])

    const doubt = offline()
    doubt.register.say('sale.total')
    doubt.register.pay('T1', 'card')
    doubt.till.answer('pay', lost('terminal.link-lost'))
    expect(doubt.till.sale().legs[0]?.state).toBe('unknown')
    doubt.till.pass(1_000)
    doubt.till.answer('reserve', refusal('claim.taken'))
    expect(doubt.till.sale().lines[0]?.state).toBe('active')
    doubt.till.answer('pay', booked(2500))
    expect(doubt.till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
  })

  it('refused while a register takes the money itself is told after the payment, and for the total it was shown', () => {
    const till = new Till(deferring())
    const register = new Register(till, 'S1', { owner: 'register' })
    register.line('card', CARD, [wants('A1')])
    till.answer('reserve', down())
    register.say('sale.total')
    const { revision } = till.sale()
    till.pass(1_000)
    till.answer('reserve', refusal('claim.taken'))
    expect(refusedWith(register.paid(2500, revision))).toBeUndefined()
    expect(till.tasks()).toMatchObject([{ kind: 'refund-due', amountMinor: 2500 }])
  })

  it('refused during a payment that fails drops its line before the next one', () => {
    const { till, register } = offline()
    register.line('milk', MILK)
    register.say('sale.total')
    register.pay('T1', 'card')
    till.pass(1_000)
    till.answer('reserve', refusal('claim.taken'))
    till.answer('pay', refusal('tender.declined'))
    expect(refusedWith(register.pay('T2', 'cash'))).toBe('claim.refused')
    expect(till.sale().state).toBe('open')
    expect(till.sale().lines.map(line => line.state)).toEqual(['refused', 'active'])
  })

  it('is released with its sale, so that a late request reserves nothing', () => {
    const { till, register } = offline()
    register.say('sale.cancel')
    expect(till.open()).toEqual(['release'])
    till.answer('release', granted())
    expect(till.sale()).toMatchObject({ state: 'cancelled', claims: [{ state: 'released' }] })
  })

  it('survives a restart, and goes out again under its id', () => {
    const { till } = paidOffline()
    const op = till.op('reserve')
    till.restart()
    expect(till.outbox.get(op)).toMatchObject({ state: 'sent', attempt: 2 })
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    expect(till.open()).toContain('commit')
  })

  it('is not paid with what may not pay for it', () => {
    const { till, register } = offline()
    register.say('sale.total')
    expect(refusedWith(register.pay('T1', 'giftcard'))).toBe('tender.restricted')
    expect(till.sale().state).toBe('tendering')
  })

  it('cannot be returned before anybody knows whether there is something to undo', () => {
    const { till, register } = paidOffline()
    register.finish()
    till.answer('print', printed())
    const back = new Register(till, 'S2', { kind: 'return', original: saleId('S1') })
    expect(refusedWith(back.returned('back', 'card'))).toBe('claim.pending')
  })
})

describe('the limits of selling without the provider', () => {
  const second = (till: Till, serial: string): string | undefined => {
    const register = new Register(till, `S-${serial}`)
    register.line(`card-${serial}`, CARD, [wants(serial)])
    till.answer('reserve', down())
    const line = till.sale(`S-${serial}`).lines[0]
    const limit = line?.error?.detail?.['limit']
    return line?.state === 'active' ? undefined : String(limit)
  }

  it('are none where the provider does not permit it', () => {
    const till = new Till(SHOP)
    new Register(till).line('card', CARD, [wants('A1')])
    till.answer('reserve', down())
    expect(till.sale().lines[0]).toMatchObject({ state: 'refused', error: { code: 'provider.unreachable' } })
    expect(till.open()).toEqual([])
  })

  it('hold for one item', () => {
    const { till } = offline({ itemMinor: 2499 })
    expect(till.sale().lines[0]).toMatchObject({
      state: 'refused',
      error: { code: 'claim.offline-limit', detail: { limit: 'itemMinor' } },
    })
    expect(till.open()).toEqual([])
  })

  it('hold for one card', () => {
    const { till, register } = offline({ cardMinor: 4999 })
    register.say('sale.park')
    expect(second(till, 'A1')).toBe('cardMinor')
  })

  it('hold for the lane, in money and in number, over parked and paid sales alike', () => {
    const money = offline({ laneMinor: 5_000 })
    money.register.say('sale.park')
    expect(second(money.till, 'A2')).toBeUndefined()
    money.till.do({ type: 'sale.park', sale: money.till.sale('S-A2').id })
    expect(second(money.till, 'A3')).toBe('laneMinor')

    const { till, register } = offline({ laneClaims: 1 })
    register.say('sale.total')
    register.pay('T1', 'cash')
    expect(second(till, 'A2')).toBe('laneClaims')
  })

  it('hold for age: a line that has been down for long is not merely disturbed', () => {
    const { till } = paidOffline()
    till.now += LIMITS.ageMs + 1
    expect(second(till, 'A2')).toBe('ageMs')
  })

  it('are free again when the provider has answered', () => {
    const { till, register } = offline({ laneClaims: 1 })
    till.pass(60_000)
    till.answer('reserve', granted({ expiresInMs: 900_000 }))
    register.say('sale.park')
    expect(second(till, 'A2')).toBeUndefined()
  })
})
