// The commands that move no money and that are no payment's company: clock, totals, reprints, restart, self test; and
// what is no command at all.
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister } from './bare-register.ts'
import {
  books,
  idle,
  PAY_1999,
  REGISTER_LINES,
  REGISTER_SILENT,
  registered,
  switchOff,
  terminal,
  until,
} from './test-kit.ts'

afterEach(switchOff)

const REFUND_500 = '06 31 0d 00 00 00 04 00 00 00 00 05 00 49 09 78'

describe('the clock (06 91)', () => {
  it.each([
    ['date first', '06 91 0b 00 00 00 aa 27 02 28 0c 23 59 58'],
    ['time first', '06 91 0b 00 00 00 0c 23 59 58 aa 27 02 28'],
  ])('is set by the register, %s', async (_, command) => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.acknowledgeAll(command)).toEqual(['800000', '060f00'])
    expect((await register.acknowledgeAll('06 70 00'))[1]).toBe('040108aa2702280c235958')
    // It is set anew, and not moved once more.
    await register.acknowledgeAll(command)
    expect((await register.acknowledgeAll('06 70 00'))[1]).toBe('040108aa2702280c235958')
  })

  it.each([
    ['a wrong password', '06 91 0b 12 34 56 aa 27 02 28 0c 23 59 58', '848300'],
    ['half a password', '06 91 02 00 00', '849a00'],
    ['no time', '06 91 07 00 00 00 aa 27 02 28', '849a00'],
    ['31 February', '06 91 0b 00 00 00 aa 27 02 31 0c 23 59 58', '849a00'],
    ['25 hours', '06 91 0b 00 00 00 aa 27 02 28 0c 25 00 00', '849a00'],
    ['hexadecimal digits', '06 91 0b 00 00 00 aa 27 0a 28 0c 23 59 58', '849a00'],
  ])('is not set with %s', async (_, command, answer) => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.say(command)).toEqual([answer])
    expect((await register.acknowledgeAll('06 70 00'))[1]).toBe('040108aa2611210c123456')
  })
})

describe('totals', () => {
  it('are told without an end of day (06 10), card by card', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    sim.accident('card', { card: 'visa' })
    await register.acknowledgeAll(PAY_1999)
    await register.acknowledgeAll(REFUND_500)
    sim.accident('card', { card: 'maestro' })
    await register.acknowledgeAll(PAY_1999)
    const [, status, last] = await register.acknowledgeAll('06 10 03 00 00 00')
    expect(status).toContain(
      [
        '60f0f5f300010004',
        '01000000001999',
        '00000000000000'.repeat(3),
        '02000000001499',
        '00000000000000',
        '01000000001999',
      ].join(''),
    )
    expect(last).toBe('060f00')
    expect(sim.state().totals).toMatchObject({ totalMinor: 5497, payments: 3, refunds: 1 })
    expect(sim.state().totals.cards).toEqual([
      { name: 'girocard', payments: 1, paymentsMinor: 1999, refunds: 0, refundsMinor: 0 },
      { name: 'VISA', payments: 1, paymentsMinor: 1999, refunds: 1, refundsMinor: 500 },
      { name: 'Maestro', payments: 1, paymentsMinor: 1999, refunds: 0, refundsMinor: 0 },
    ])
  })

  it('stand on the slip of the end of day as a person wants to read them', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll('06 01 0c 04 00 00 00 00 19 99 49 09 78 19 48')
    await register.acknowledgeAll('06 0c 0a 04 00 00 00 00 01 50 87 00 01')
    sim.accident('card', { card: 'visa' })
    await register.acknowledgeAll(REFUND_500)
    await register.acknowledgeAll('06 50 03 00 00 00')
    expect(sim.state().slips.at(-1)).toMatchObject({ by: 'terminal', kind: 'administration' })
    expect(sim.state().slips.at(-1)?.text.split('\n')).toEqual([
      '        KASSENABSCHLUSS',
      'Terminal-ID             52500041',
      '21.11.2026                 12:34',
      '--------------------------------',
      'girocard                   21,49',
      '  1 Zahlung                21,49',
      'VISA                       -5,00',
      '  0 Zahlungen               0,00',
      '  1 Gutschrift             -5,00',
      '--------------------------------',
      '1 Zahlung                  21,49',
      '  davon Trinkgeld           1,50',
      '1 Gutschrift               -5,00',
      'Summe EUR                  16,49',
      '     Abschluss durchgeführt',
    ])
    await register.acknowledgeAll('06 50 03 00 00 00')
    expect(sim.state().slips.at(-1)?.text).toContain('keine Umsätze')
  })
})

describe('receipts once more (06 12)', () => {
  it('are printed as copies, one or a range of them', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_LINES)
    for (let paid = 0; paid < 3; paid += 1) await register.acknowledgeAll(PAY_1999)
    const printed = async (command: string): Promise<number> => {
      const before = sim.state().slips.length
      const received = await register.acknowledgeAll(command)
      expect(received.at(-1)).toBe('060f00')
      const slips = sim.state().slips.slice(before)
      expect(slips.every(slip => slip.text.includes('** KOPIE **'))).toBe(true)
      return slips.length
    }
    expect(await printed('06 12 05 00 00 00 00 02')).toBe(2)
    expect(await printed('06 12 07 00 00 00 00 02 00 03')).toBe(4)
    expect((await register.acknowledgeAll('06 12 05 00 00 00 00 09')).at(-1)).toBe('061e0183')
    expect(await register.say('06 12 04 00 00 00 00')).toEqual(['849a00'])
    expect(books(sim)).toHaveLength(3)
  })
})

describe('the terminal itself', () => {
  it('starts anew (06 18): the link is gone and the registration, the books are not', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    expect(await register.acknowledgeAll('06 18 00')).toEqual(['800000', '060f00'])
    expect(await register.read()).toBe('gone')
    const again = await BareRegister.at(sim.port)
    expect(await again.say(PAY_1999)).toEqual(['846b00'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it.each([
    ['06 1a 00', 'KONFIGURATION'],
    ['06 79 00', 'SELBSTTEST'],
  ])('prints about itself (%s)', async (command, title) => {
    const sim = await terminal()
    const own = await registered(sim, REGISTER_SILENT)
    expect(await own.acknowledgeAll(command)).toEqual(['800000', '060f00'])
    expect(sim.state().slips.at(-1)?.text).toContain(title)
    await own.acknowledgeAll('06 00 06 00 00 00 84 09 78')
    const lines = (await own.acknowledgeAll(command)).filter(line => line.startsWith('06d1'))
    expect(Buffer.from(lines[0]?.slice(8) ?? '', 'hex').toString('latin1')).toBe(title)
  })

  it.each([
    '06 85 00',
    '06 d8 00',
    '06 e2 00',
    '08 10 00',
    '06 05 00',
    '06 09 00',
    '0f 01 01 00',
    'ff ff 00',
  ])('answers what it does not have with 84 83: %s', async command => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.say(command)).toEqual(['848300'])
    expect(await register.acknowledgeAll('06 70 00')).toHaveLength(3)
  })
})

describe('what is switched in the middle of a payment', () => {
  /** A customer who takes a minute to find the card: time for somebody to press a key. */
  async function waiting() {
    const sim = await terminal({ behaviour: { name: 'card-wait', ms: 60_000 } })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999)
    expect(sim.state().dialogue).toBe('authorisation')
    return { sim, register }
  }

  it.each([
    ['abort-by-customer', '040f09276c04000000001999'],
    ['card-removed', '040f09276604000000001999'],
  ])('%s strikes at once', async (name, status) => {
    const { sim, register } = await waiting()
    sim.accident(name)
    expect(await register.read()).toBe(status)
    await register.say('80 00 00')
    expect(sim.state().behaviour.name).toBe('approve')
    register.write('80 00 00')
  })

  it('card: the next customer has it, and cut-link and power-cycle strike at once', async () => {
    const one = await waiting()
    one.sim.accident('cut-link')
    expect(await one.register.read()).toBe('gone')
    const two = await waiting()
    two.sim.accident('power-cycle')
    expect(await two.register.read()).toBe('gone')
    expect(two.sim.state().registered).toBe(false)
    expect([...books(one.sim), ...books(two.sim)]).toEqual([])
    expect(() => two.sim.accident('cut-link', { ms: 1 })).toThrow(
      expect.objectContaining({ code: 'sim.usage' }),
    )
    expect(() => two.sim.accident('card', { card: 'library' })).toThrow(
      expect.objectContaining({ code: 'sim.usage' }),
    )
  })

  /** A host that takes its time, so that there is a moment after the card. */
  async function atHost() {
    const sim = await terminal({ speed: 1 })
    const register = await registered(sim, '06 00 06 00 00 00 8a 09 78')
    let said = await register.say(PAY_1999)
    while (said[0] !== '04ff0104') said = await register.say(said[0] === '800000' ? '' : '80 00 00')
    return { sim, register }
  }

  it.each<[string, { [name: string]: string | number }, string[]]>([
    ['decline', { code: 51 }, ['payment 1999 declined']],
    ['partial', { amountMinor: 500 }, ['payment 500 booked']],
    ['tip', { amountMinor: 100 }, ['payment 2099 booked']],
    ['signature', {}, ['payment 1999 booked']],
    ['lose-link-before-status', {}, ['payment 1999 reversed']],
    ['lose-link-after-status', {}, ['payment 1999 reversed']],
    ['lose-link-between-prints', {}, ['payment 1999 reversed']],
    ['lose-link-after-ack', {}, ['payment 1999 booked']],
    ['garble', { what: 'fields' }, ['payment 1999 booked']],
  ])('%s strikes the payment that is under way, and no other', async (name, args, booked) => {
    const { sim, register } = await atHost()
    sim.accident(name, args)
    register.write('80 00 00')
    await register.acknowledgeRest()
    await idle(sim)
    expect(books(sim)).toEqual(booked)
    expect(sim.state().behaviour.name).toBe('approve')
  })

  it('no-answer strikes the payment that is under way, and no other', async () => {
    const { sim, register } = await atHost()
    sim.accident('no-answer', { when: 'command' })
    sim.accident('no-answer', { when: 'status' })
    register.write('80 00 00')
    await until(() => books(sim)[0] === 'payment 1999 authorised')
    register.socket.destroy()
    await idle(sim)
    expect(books(sim)).toEqual(['payment 1999 reversed'])
    expect(sim.state().behaviour.name).toBe('approve')
  })

  it('what comes too late for this payment waits for the next', async () => {
    const { sim, register } = await atHost()
    sim.accident('wrong-pin', { times: 3 })
    register.write('80 00 00')
    await register.acknowledgeRest()
    await idle(sim)
    expect(books(sim)).toEqual(['payment 1999 booked'])
    expect(sim.state().behaviour.name).toBe('wrong-pin')
    await register.acknowledgeAll(PAY_1999)
    expect(books(sim).at(-1)).toBe('payment 1999 declined')
  })

  it('approve calls off what has not happened yet', async () => {
    const { sim, register } = await atHost()
    sim.accident('decline')
    sim.accident('approve')
    register.write('80 00 00')
    await register.acknowledgeRest()
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('a register that gives up while the PIN is typed anew is told so', async () => {
    const sim = await terminal({ speed: 1, behaviour: { name: 'wrong-pin', times: 2 } })
    const register = await registered(sim, '06 00 06 00 00 00 08 09 78')
    let said = await register.say(PAY_1999)
    while (said[0] !== '04ff0115') said = await register.say(said[0] === '800000' ? '' : '80 00 00')
    register.write('80 00 00')
    expect(await register.say('06 b0 00', 2)).toEqual(['800000', '040f09276c04000000001999'])
    expect(await register.say('80 00 00')).toEqual(['061e016c'])
    register.write('80 00 00')
  })
})
