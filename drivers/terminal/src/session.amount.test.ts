// Approvals of another amount than the ordered one, written by hand in hexadecimal: acknowledged only where the shop
// allowed it and the terminal said why, and never put to the till otherwise.
import { describe, expect, it } from 'vitest'
import { ACK, APPROVED, COMPLETED, EUR, frame, REJECT, Talk, tlv } from '../test/talk.ts'
import {
  authorisation,
  bookTotal,
  type Extras,
  refund,
  reservation,
  reservationReversal,
  reversal,
} from './commands.ts'
import { judge } from './match.ts'
import { moneyOutcome } from './outcome.ts'
import { readStatus } from './status.ts'

const AMOUNT = { minor: 1999, currency: EUR }

/** What became of an approval with these fields: the answer to it, and the outcome when the terminal is through. */
function approved(fields: string, talk: Talk): { readonly asked: number; readonly outcome: unknown } {
  talk.says(ACK)
  talk.sent()
  talk.says(frame('040f', `2700 0b000152 870153 ${fields}`))
  const asked = talk.all('ask').length
  if (asked > 0) talk.accept()
  expect(talk.sent()).toEqual([asked > 0 ? ACK : REJECT])
  talk.says(asked > 0 ? COMPLETED : '061e016c')
  return { asked, outcome: talk.end && moneyOutcome(talk.end) }
}

const paid = (fields: string, extras: Extras = {}): ReturnType<typeof approved> =>
  approved(fields, new Talk(authorisation(AMOUNT, extras)))

const refusedFor = (reason: string): object => ({
  asked: 0,
  outcome: { outcome: 'unknown', error: { code: 'terminal.rejected-approval', detail: { reason } } },
})

/** TLV 1F36, 2.00 */
const TIP = `06${tlv('', tlv('1f36', '000000000200'))}`
/** 19.99 EUR (base), 1.1000 (rate), 21.98 USD (foreign), 0.30 EUR (commission), 3.50 % */
const information = (kind: string, decimals: string, amount: string, currency: string): string =>
  tlv('31', tlv('1f1d', kind), tlv('1f1e', decimals), tlv('1f20', amount), tlv('1f21', currency))
const dcc = (base: string, ...more: readonly string[]): string =>
  `06${tlv('', tlv('e2', base, ...more, tlv('1f1b', '0350')))}`
const BASE = information('01', '02', '000000001999', '0978')
const DOLLARS = information('03', '02', '000000002198', '0840')
const RATE = information('02', '04', '000000011000', '0840')
const COMMISSION = information('04', '02', '000000000030', '0978')

describe('an approval of another amount', () => {
  it.each(['04000000002000', '04000000001998', '04000000000000'])(
    '%s is rejected, and nobody is asked',
    field => {
      expect(paid(`${field} 490978`)).toMatchObject(refusedFor('amount'))
    },
  )

  it.each(['04000000002999', '490840', '276c', '0b000999', '870999'])(
    'beside the ordered one, or with %s standing there once more, is rejected: it says two things',
    field => {
      const malformed = { asked: 0, outcome: { outcome: 'unknown', error: { code: 'terminal.malformed' } } }
      expect(paid(`04000000001999 490978 ${field}`)).toMatchObject(malformed)
      expect(paid('04000000001999 490978 04000000001999')).toMatchObject({ outcome: { outcome: 'done' } })
    },
  )

  it('is taken as a part where the till said that it goes on with the rest', () => {
    const part = '04000000000500 490978'
    expect(paid(part, { partial: true })).toMatchObject({ outcome: { data: { amountMinor: 500 } } })
    expect(paid('04000000002000 490978', { partial: true })).toMatchObject(refusedFor('amount'))
    expect(paid('04000000000000 490978', { partial: true })).toMatchObject(refusedFor('amount'))
  })

  it('is taken as a part once, and not as another part or under another number when the terminal says it again', () => {
    for (const again of ['04000000000700 88000153', '04000000000500 88000154']) {
      const talk = new Talk(authorisation(AMOUNT, { partial: true })).says(ACK)
      talk.says(frame('040f', '2700 0b000152 870153 04000000000500 88000153 490978')).accept()
      talk.sent()
      talk.says(frame('040f', `2700 0b000152 870153 ${again} 490978`))
      expect(talk.sent()).toEqual([REJECT])
      expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.aborted-after-approval')
    }
  })

  it('is rejected in another currency, even of the same number', () => {
    expect(paid('04000000001999 490840', { partial: true })).toMatchObject(refusedFor('currency'))
  })

  it.each([
    ['refund', refund('000000', AMOUNT)],
    ['reversal', reversal('000000', { receipt: '0153' }, AMOUNT)],
    ['reservation', reservation(AMOUNT)],
    ['reservation’s release', reservationReversal({ receipt: '0153' }, AMOUNT)],
  ])('of a %s is rejected, too', (_what, command) => {
    expect(approved('04000000001000 490978', new Talk(command))).toMatchObject(refusedFor('amount'))
    expect(approved('04000000001999 490978', new Talk(command))).toMatchObject({
      outcome: { outcome: 'done' },
    })
  })

  it('of a reservation’s booking is what the terminal booked', () => {
    const booked = approved('04000000001200 490978', new Talk(bookTotal({ receipt: '0153' }, AMOUNT)))
    expect(booked).toMatchObject({ outcome: { data: { amountMinor: 1200 } } })
    const nothing = approved('04000000000000 490978', new Talk(bookTotal({ receipt: '0153' }, AMOUNT)))
    expect(nothing).toMatchObject(refusedFor('amount'))
  })
})

describe('a tip', () => {
  it('is inside the amount, and told', () => {
    expect(paid(`04000000002199 490978 ${TIP}`, { tips: true })).toMatchObject({
      outcome: { outcome: 'done', data: { amountMinor: 2199, tipMinor: 200 } },
    })
  })

  it('is rejected where the shop takes none', () => {
    expect(paid(`04000000002199 490978 ${TIP}`)).toMatchObject(refusedFor('tip'))
    expect(paid(`04000000001999 490978 ${TIP}`)).toMatchObject(refusedFor('tip'))
  })

  it('must be the whole difference', () => {
    expect(paid(`04000000002299 490978 ${TIP}`, { tips: true })).toMatchObject(refusedFor('amount'))
    expect(paid(`04000000001999 490978 ${TIP}`, { tips: true })).toMatchObject(refusedFor('amount'))
    expect(paid('04000000002199 490978', { tips: true })).toMatchObject(refusedFor('amount'))
  })

  it('does not make up for a reversal of less', () => {
    const command = reversal('000000', { receipt: '0153' }, AMOUNT)
    expect(approved(`04000000002199 490978 ${TIP}`, new Talk(command))).toMatchObject(refusedFor('amount'))
    expect(approved(`04000000001999 490978 ${TIP}`, new Talk(command))).toMatchObject({
      outcome: { outcome: 'done' },
    })
  })
})

describe('a conversion', () => {
  it('is a fact of the payment, and the shop’s amount stays the shop’s', () => {
    const { outcome } = paid(`04000000001999 490978 ${dcc(BASE, RATE, DOLLARS, COMMISSION)}`)
    expect(outcome).toMatchObject({
      outcome: 'done',
      data: {
        amountMinor: 1999,
        currency: 'EUR',
        foreignAmount: '21.98',
        foreignCurrency: 'USD',
        foreignRate: '1.1000',
        foreignMarkup: '3.50',
        foreignCommission: '0.30 EUR',
      },
    })
  })

  it('whose foreign amount stands where the shop’s belongs is rejected', () => {
    // 16.50 GBP would else look like a part of 19.99 EUR.
    const pounds = information('03', '02', '000000001650', '0826')
    expect(paid(`04000000001650 ${dcc(BASE, pounds)}`, { partial: true })).toMatchObject(
      refusedFor('currency'),
    )
    const exchanged = information('01', '02', '000000001999', '0840')
    expect(paid(`04000000001999 490978 ${dcc(exchanged, DOLLARS)}`)).toMatchObject(refusedFor('currency'))
  })

  it('that says nothing of the shop’s amount, or cannot be read, changes nothing', () => {
    const bare = paid(`04000000001999 490978 ${dcc(DOLLARS)}`)
    expect(bare).toMatchObject({ outcome: { data: { foreignAmount: '21.98' } } })
    const broken = paid(`04000000001999 490978 ${dcc(tlv('31', tlv('1f1d', '03')), '31ff')}`)
    expect(broken).toMatchObject({ outcome: { data: { amountMinor: 1999 } } })
    expect(broken).not.toMatchObject({ outcome: { data: { foreignCurrency: expect.anything() } } })
  })

  it('with two amounts for the shop proves nothing afterwards either', () => {
    const report = readStatus(
      Uint8Array.from(Buffer.from(`270004000000001650490978${dcc(BASE, DOLLARS)}`, 'hex')),
      1_795_291_200_000,
      'cp437',
    )
    const expected = { op: '1', kind: 'pay', amountMinor: 1999, currency: 'EUR', startedAt: 0 } as const
    const verdict = judge(
      { ...expected, op: JSON.parse('"1"') },
      { shows: 'transaction', report },
      {
        afterAutoReversal: 'reversal',
      },
    )
    expect(verdict).toMatchObject({ outcome: 'unknown', error: { code: 'terminal.cannot-tell' } })
  })
})

describe('a reversal', () => {
  const original = { receipt: '0153', trace: '000140' }
  const reversing = (trace: string): ReturnType<typeof approved> =>
    approved(`04000000001999 490978 37${trace}`, new Talk(reversal('000000', original, AMOUNT)))

  it('of another payment under the same receipt number is rejected', () => {
    expect(reversing('000141')).toMatchObject(refusedFor('reversal'))
    expect(reversing('000140')).toMatchObject({ outcome: { outcome: 'done' } })
  })

  it('is no approval of a payment', () => {
    expect(paid('04000000001999 490978 37000140')).toMatchObject(refusedFor('reversal'))
    expect(paid('04000000001999 490978 37000000')).toMatchObject({ outcome: { outcome: 'done' } })
  })
})

it('an approval that is repeated with another conversion is contradicted', () => {
  const talk = new Talk(authorisation(AMOUNT)).says(ACK, APPROVED).accept()
  talk.sent()
  talk.says(
    frame('040f', `2700 04000000001999 490978 0b000152 ${dcc(information('01', '02', '01', '0978'))}`),
  )
  expect(talk.sent()).toEqual([REJECT])
  expect(talk.says(COMPLETED).outcome).toBe('unknown terminal.aborted-after-approval')
})
