// Tips: ordered with the payment (1F36), typed by the cashier (04 0D), and booked on top of it later (06 0C).
import { afterEach, describe, expect, it } from 'vitest'
import type { BareRegister } from './bare-register.ts'
import { books, idle, PAY_1999, REGISTER_SILENT, registered, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

const REGISTER_TLV = '06 00 08 00 00 00 00 09 78 06 00'
/** Tag 26 permits 04 0D and 04 0E. */
const REGISTER_ASKS = '06 00 12 00 00 00 00 09 78 06 0a 26 08 0a 02 04 0d 0a 02 04 0e'
/** BMP 19 with bit 08: a tip may come later. */
const PAY_TIPPABLE = '06 01 0c 04 00 00 00 00 19 99 49 09 78 19 48'
const TIP_200 = '06 0c 0a 04 00 00 00 00 02 00 87 00 01'

describe('a tip that the register orders with the payment', () => {
  it('is part of the amount, and comes back as 1F36', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_TLV)
    const [, status] = await register.acknowledgeAll(
      '06 01 15 04 00 00 00 00 21 99 49 09 78 06 09 1f 36 06 00 00 00 00 02 00',
    )
    expect(status).toContain('04000000002199')
    expect(status?.endsWith('1f3606000000000200')).toBe(true)
    expect(books(sim)).toEqual(['payment 2199 booked'])
    expect(sim.state().totals).toMatchObject({ totalMinor: 2199, tipsMinor: 200 })
  })

  it('cannot be as much as the whole amount', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_TLV)
    expect(
      await register.say('06 01 15 04 00 00 00 00 02 00 49 09 78 06 09 1f 36 06 00 00 00 00 02 00'),
    ).toEqual(['849a00'])
    expect(books(sim)).toEqual([])
  })
})

describe('a tip that is booked later', () => {
  it('is told as tippable before, stands on top of the payment, and is told as what is paid in all', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_TLV)
    const [, paid] = await register.acknowledgeAll(PAY_TIPPABLE)
    expect(paid?.endsWith('1f3b0101')).toBe(true)
    const [, tipped, last] = await register.acknowledgeAll(TIP_200)
    expect(tipped).toContain('04000000002199')
    expect(tipped).toContain('37000001')
    expect(tipped).toContain('1f3606000000000200')
    expect(last).toBe('060f00')
    expect(books(sim)).toEqual(['payment 1999 booked', 'tip 200 booked'])
    expect(sim.state().totals).toMatchObject({
      totalMinor: 2199,
      payments: 1,
      paymentsMinor: 2199,
      tipsMinor: 200,
    })
  })

  it.each([
    ['on a payment that was not announced as tippable', PAY_1999, TIP_200, '061e0183'],
    ['on a payment that there is not', PAY_TIPPABLE, '06 0c 0a 04 00 00 00 00 02 00 87 00 09', '061e0183'],
    ['of more than the payment', PAY_TIPPABLE, '06 0c 0a 04 00 00 00 00 20 00 87 00 01', '061e01c3'],
    ['in another currency', PAY_TIPPABLE, '06 0c 0d 04 00 00 00 00 02 00 87 00 01 49 07 56', '061e036f0978'],
  ])('is refused %s', async (_, pay, tip, last) => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_TLV)
    await register.acknowledgeAll(pay)
    expect((await register.acknowledgeAll(tip)).at(-1)).toBe(last)
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it.each([
    ['without a receipt number', '06 0c 07 04 00 00 00 00 02 00'],
    ['without an amount', '06 0c 03 87 00 01'],
    ['of nothing', '06 0c 0a 04 00 00 00 00 00 00 87 00 01'],
  ])('%s is malformed', async (_, tip) => {
    const register = await registered(await terminal(), REGISTER_SILENT)
    expect(await register.say(tip)).toEqual(['849a00'])
  })

  it('comes once, goes before its payment does, and then the payment can be reversed', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_TIPPABLE)
    await register.acknowledgeAll(TIP_200)
    expect((await register.acknowledgeAll(TIP_200)).at(-1)).toBe('061e0183')
    expect((await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')).at(-1)).toBe('061e01b5')
    expect((await register.acknowledgeAll('06 30 06 00 00 00 87 00 02')).at(-1)).toBe('060f00')
    expect(sim.state().totals).toMatchObject({ totalMinor: 1999, tipsMinor: 0 })
    expect((await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')).at(-1)).toBe('060f00')
    expect(sim.state().totals.totalMinor).toBe(0)
  })

  it('is reversed where the register did not acknowledge it; the payment stands', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_TIPPABLE)
    await register.say(TIP_200, 2)
    expect(await register.say('84 6c 00')).toEqual(['061e016c'])
    expect(books(sim)).toEqual(['payment 1999 booked', 'tip 200 reversed'])
    register.write('80 00 00')
  })

  it('is no tip of a day that is settled', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_TIPPABLE)
    await register.acknowledgeAll('06 50 03 00 00 00')
    expect((await register.acknowledgeAll(TIP_200)).at(-1)).toBe('061e0183')
  })
})

describe('a tip that the cashier types', () => {
  const prompt = Buffer.from('Trinkgeld').toString('hex')

  async function asked(answer: string): Promise<{ register: BareRegister; said: string[]; last: string[] }> {
    const sim = await terminal({ behaviour: { name: 'ask-tip' } })
    const register = await registered(sim, REGISTER_ASKS)
    const said = await register.say(PAY_1999, 2)
    register.write(answer)
    const status = await register.read()
    const last = [status, ...(await register.say('80 00 00')), ...books(sim)]
    return { register, said, last }
  }

  it('is asked for, and comes on top of what was ordered', async () => {
    const { said, last } = await asked('80 00 0a 06 08 32 06 1f 3a 03 31 35 30')
    expect(said).toEqual(['800000', `040d230621321f240b0709${prompt}1f3801021f3902003c1f210209781f1e0102`])
    expect(last[0]).toContain('04000000002149')
    expect(last.slice(1)).toEqual(['060f00', 'payment 2149 booked'])
  })

  it.each([
    ['nothing was typed', '80 00 00'],
    ['the cashier refused', '84 6c 00'],
    ['it is no number', '80 00 09 06 07 32 05 1f 3a 02 31 2d'],
  ])('is none when %s', async (_, answer) => {
    const { last } = await asked(answer)
    expect(last.slice(1)).toEqual(['060f00', 'payment 1999 booked'])
  })

  it('is not asked for where the register did not permit the question', async () => {
    const sim = await terminal({ behaviour: { name: 'ask-tip' } })
    const register = await registered(sim, REGISTER_TLV)
    expect((await register.acknowledgeAll(PAY_1999)).map(message => message.slice(0, 4))).toEqual([
      '8000',
      '040f',
      '060f',
    ])
  })
})

describe('whether the customer is old enough', () => {
  it.each([
    ['yes', '80 00 05 06 03 19 01 00', /^040f..2700/, ['payment 1999 booked']],
    ['no', '80 00 05 06 03 19 01 01', /^040f09276c/, []],
    ['nobody chose', '80 00 00', /^040f09276c/, []],
    ['the question was refused', '84 83 00', /^040f09276c/, []],
  ])('is asked as a menu: %s', async (_, answer, status, booked) => {
    const sim = await terminal({ behaviour: { name: 'ask-age' } })
    const register = await registered(sim, REGISTER_ASKS)
    const [, question] = await register.say(PAY_1999, 2)
    expect(question).toMatch(/^040e..06..2b..160101170101180101/)
    expect(question).toContain('190100')
    expect(question).toContain('190101')
    register.write(answer)
    expect(await register.read()).toMatch(status)
    await register.say('80 00 00')
    register.write('80 00 00')
    await idle(sim)
    expect(books(sim)).toEqual(booked)
  })
})
