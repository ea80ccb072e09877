// Cards that are more than a number: foreign ones, ones that are paid in, ones that are only read.
import { afterEach, describe, expect, it } from 'vitest'
import { OK } from './bare-register.ts'
import {
  books,
  idle,
  PAY_1999,
  REGISTER,
  REGISTER_LINES,
  REGISTER_SILENT,
  registered,
  switchOff,
  terminal,
} from './test-kit.ts'

afterEach(switchOff)

const REGISTER_TLV = '06 00 08 00 00 00 00 09 78 06 00'
const text = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1')

describe('a foreign card', () => {
  it('is charged in its own currency: both amounts, the rate and what is in it (E2)', async () => {
    const sim = await terminal({ card: 'visa-usd' })
    const register = await registered(sim, REGISTER_TLV)
    const [, status] = await register.acknowledgeAll(PAY_1999)
    const dcc = status?.slice(status.indexOf('e2')) ?? ''
    expect(dcc).toContain('31161f1d01011f1e01021f20060000000019991f21020978')
    expect(dcc).toContain('31161f1d01021f1e01041f20060000000110001f21020840')
    expect(dcc).toContain('31161f1d01031f1e01021f20060000000021991f21020840')
    expect(dcc).toContain('1f1b020300')
    expect(dcc).toContain(`1f1c04${Buffer.from('VISA').toString('hex')}`)
    expect(sim.state().totals.totalMinor).toBe(1999)
  })

  it('of a currency without cents says so', async () => {
    const sim = await terminal({ card: 'jcb-jpy' })
    const [, status] = await (await registered(sim, REGISTER_TLV)).acknowledgeAll(PAY_1999)
    expect(status).toContain('1f1d01031f1e01001f20060000000033021f21020392')
    expect(sim.state().slips.at(-1)?.text ?? '').not.toContain(',02')
  })

  it('whose owner wants the terminal’s currency is a card like any other', async () => {
    const sim = await terminal({ card: 'visa-usd' })
    sim.accident('foreign-currency', { choice: 'decline' })
    const [, status] = await (await registered(sim, REGISTER_TLV)).acknowledgeAll(PAY_1999)
    expect(status).not.toContain('1f1d0103')
  })

  it('shows its owner the choice first, and on the receipt rate, mark-up and that it was a choice', async () => {
    const sim = await terminal({ card: 'mastercard-chf' })
    const register = await registered(sim, '06 00 06 00 00 00 8a 09 78')
    const received = await register.acknowledgeAll(PAY_1999)
    expect(received.indexOf('04ff0169')).toBeLessThan(received.indexOf('04ff0104'))
    const lines = received.filter(line => line.startsWith('06d1')).map(line => text(line.slice(8)))
    expect(lines).toContain('Betrag CHF         19,39')
    expect(lines).toContain('1 EUR in CHF      0,9700')
    expect(lines).toContain('inkl. Aufschlag   3,00 %')
    expect(lines.join(' ')).toContain('entschieden.')
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(24)
  })
})

describe('a card that is paid in', () => {
  it('pays no more than is left on it, tells what is left, and is paid in again', async () => {
    const sim = await terminal({ card: 'gift' })
    const register = await registered(sim, REGISTER_TLV)
    const balance = async (): Promise<string | undefined> => (await register.acknowledgeAll('06 03 00'))[1]
    expect(await balance()).toContain('31161f1d01051f1e01021f20060000000025001f21020978')
    await register.acknowledgeAll(PAY_1999)
    expect(await balance()).toMatch(/^040f..270004000000000501/)
    const [, rest] = await register.acknowledgeAll(PAY_1999)
    expect(rest).toContain('04000000000501')
    expect((await register.acknowledgeAll(PAY_1999)).at(-1)).toBe('061e0171')
    await register.acknowledgeAll('06 04 07 04 00 00 00 00 50 00')
    expect(await balance()).toMatch(/^040f..270004000000005000/)
    expect(books(sim)).toEqual([
      'payment 1999 booked',
      'payment 501 booked',
      'payment 0 declined',
      'top-up 5000 booked',
    ])
    // What was taken for the card is the register's business.
    expect(sim.state().totals.totalMinor).toBe(2500)
  })

  it('has everything back when a payment is reversed, by the register or for want of its word', async () => {
    const sim = await terminal({ card: 'gift' })
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')
    await register.say(PAY_1999, 2)
    await register.say('84 6c 00')
    register.write(OK)
    await idle(sim)
    expect((await register.acknowledgeAll('06 03 00'))[1]).toMatch(/^040f..270004000000002500/)
  })

  it.each([
    ['girocard', '061e0167'],
    ['visa', '061e0168'],
  ])('is not a %s', async (card, last) => {
    const sim = await terminal({ card })
    const register = await registered(sim, REGISTER_SILENT)
    expect((await register.acknowledgeAll('06 03 00')).at(-1)).toBe(last)
    expect((await register.acknowledgeAll('06 04 07 04 00 00 00 00 50 00')).at(-1)).toBe(last)
    expect(books(sim)).toEqual([])
  })
})

describe('06 C0', () => {
  it('tells the card’s second track, and ends without 06 0F', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER)
    expect(await register.say('06 c0 00', 2)).toEqual(['800000', '04ff010a'])
    expect(await register.say(OK)).toEqual(['04ff0101'])
    expect(await register.say(OK)).toEqual(['040f0f23f1f2672590eeeeeeeee1234d3112'])
    register.write(OK)
    await idle(sim)
    expect(sim.state().lastDialogue).toEqual({ kind: 'read-card', ended: 'read' })
    expect(books(sim)).toEqual([])
  })

  it.each([
    ['girocard', 30, '01'],
    ['girocard', 17, '00'],
    ['visa', 30, '02'],
  ])('tells whether the owner of a %s who is %i has reached 18', async (card, years, result) => {
    const sim = await terminal({ card })
    sim.accident('age', { years })
    const register = await registered(sim, REGISTER_TLV)
    const [, status] = await register.say('06 c0 07 0a 06 04 1f 6b 01 18', 2)
    expect(status?.endsWith(`06041f6c01${result}`)).toBe(true)
  })

  it('waits six seconds where it says 06, which is no container', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.say('06 c0 01 06', 2)
    register.write(OK)
    await idle(sim)
    sim.accident('signature')
    expect((await register.acknowledgeAll(PAY_1999))[1]).not.toContain('1f10')
    // One in any command tells that the register takes them.
    await register.say('06 c0 03 06 06 00', 2)
    register.write(OK)
    await idle(sim)
    sim.accident('signature')
    expect((await register.acknowledgeAll(PAY_1999))[1]).toContain('1f1001')
  })

  it('keeps the card for the next payment, until 06 B0', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER)
    const read = async (): Promise<void> => {
      await register.say('06 c0 00', 2)
      await register.say(OK)
      await register.say(OK)
      register.write(OK)
      await idle(sim)
    }
    const payWithIt = '06 01 0c 04 00 00 00 00 19 99 49 09 78 19 42'
    await read()
    expect((await register.acknowledgeAll(payWithIt))[1]).toBe('04ff0104')
    expect((await register.acknowledgeAll(payWithIt)).at(-1)).toBe('061e0165')
    await read()
    expect(await register.say('06 b0 00')).toEqual(['800000'])
    expect((await register.acknowledgeAll(payWithIt)).at(-1)).toBe('061e0165')
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('gives up when its time is over, or the register does', async () => {
    const sim = await terminal({
      behaviour: { name: 'card-wait', ms: 60_000, at: 'read-card', mode: 'always' },
    })
    const register = await registered(sim, REGISTER_SILENT)
    expect(await register.say('06 c0 01 01', 2)).toEqual(['800000', '040f02276c'])
    register.write(OK)
    await idle(sim)
    await register.say('06 c0 01 00')
    expect(await register.say('06 b0 00', 2)).toEqual(['800000', '040f02276c'])
    register.write(OK)
    await idle(sim)
    expect(await register.say('06 c0 02 0a ff')).toEqual(['849a00'])
  })
})

describe('06 21', () => {
  it('takes the number that a voice told, for a credit card, with a signature', async () => {
    const sim = await terminal({ card: 'visa' })
    const register = await registered(sim, REGISTER_TLV)
    const [, status] = await register.acknowledgeAll(
      '06 21 13 00 00 00 04 00 00 00 00 19 99 3b 41 42 31 32 33 34 00 00',
    )
    expect(status).toContain('3b4142313233340000')
    expect(status).toContain('1940')
    expect(status).toContain('2f0c1f1001011f110100')
    expect(sim.state().books[0]).toMatchObject({ authorisation: 'AB1234', manner: { telephone: true } })
    const debit = await registered(await terminal(), REGISTER_SILENT)
    expect((await debit.acknowledgeAll('06 21 0a 00 00 00 04 00 00 00 00 19 99')).at(-1)).toBe('061e0167')
    expect(await debit.say('06 21 0a 12 34 56 04 00 00 00 00 19 99')).toEqual(['848300'])
  })
})

describe('06 26', () => {
  const reverse = (trace: string, amount: string): string =>
    `06 26 1d 04 00 00 00 00 ${amount} 49 09 78 0b 00 00 ${trace} 3b 31 30 30 30 30 31 00 00 06 04 1f 06 01 02`

  it('ends the reservation that everything fits', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll('06 22 07 04 00 00 00 00 50 00')
    expect((await register.acknowledgeAll(reverse('01', '49 00'))).at(-1)).toBe('061e01b8')
    expect((await register.acknowledgeAll(reverse('02', '50 00'))).at(-1)).toBe('061e01b8')
    expect(books(sim)).toEqual(['reservation 5000 booked'])
    expect((await register.acknowledgeAll(reverse('01', '50 00'))).at(-1)).toBe('060f00')
    expect(books(sim)).toEqual(['reservation 5000 reversed', 'reversal 5000 booked'])
  })

  it('needs all of it', async () => {
    const register = await registered(await terminal(), REGISTER_SILENT)
    expect(await register.say('06 26 0b 04 00 00 00 00 50 00 0b 00 00 01')).toEqual(['849a00'])
    expect(await register.say(reverse('01', '50 00').replace('1f 06 01 02', '1f 06 01 06'))).toEqual([
      '849a00',
    ])
  })
})

describe('what comes out on paper', () => {
  it('is kept to be looked at, whoever prints it', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    await register.acknowledgeAll(REGISTER_LINES)
    await register.acknowledgeAll(PAY_1999)
    const slips = sim.state().slips
    expect(slips.map(({ by, kind }) => `${kind} by ${by}`)).toEqual([
      'merchant by terminal',
      'customer by terminal',
      'merchant by register',
      'customer by register',
    ])
    expect(slips[1]?.text.split('\n')).toEqual([
      '          KUNDENBELEG',
      '            Zahlung',
      '',
      'Terminal-ID             52500041',
      'TA-Nr.                    000001',
      'Beleg-Nr.                   0001',
      '21.11.2026                 12:34',
      'girocard',
      '672590*********1234',
      'Betrag EUR                 19,99',
      'Genehmigung               100001',
      '    Danke für Ihren Einkauf',
    ])
  })
})
