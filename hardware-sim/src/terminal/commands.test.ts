// Everything a register may order besides a payment: refund, reversal, repeat receipt, end of day, enquiries.
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister, OK } from './bare-register.ts'
import {
  books,
  PAY_1999,
  REGISTER_LINES,
  REGISTER_SILENT,
  REPEAT,
  registered,
  STATUS_1999,
  switchOff,
  terminal,
  until,
} from './test-kit.ts'

afterEach(switchOff)

describe('other commands', () => {
  it('refunds, and reverses a payment once', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    const refunded = await register.acknowledgeAll('06 31 0d 00 00 00 04 00 00 00 00 05 00 49 09 78')
    expect(refunded[1]).toContain('04000000000500')
    expect(sim.state().totals).toMatchObject({ totalMinor: 1499, refundsMinor: 500 })

    const reversed = await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')
    expect(reversed[1]).toContain('37000001')
    expect(reversed.at(-1)).toBe('060f00')
    expect(books(sim)).toEqual(['payment 1999 reversed', 'refund 500 booked', 'reversal 1999 booked'])
    expect(sim.state().totals.totalMinor).toBe(-500)

    expect(await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')).toEqual([
      '800000',
      '040f0927b404000000001999',
      '061e01b4',
    ])
    expect((await register.acknowledgeAll('06 30 06 00 00 00 87 00 09')).at(-1)).toBe('061e01b5')
  })

  it('leaves the payment booked when its reversal was not acknowledged', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    await register.say('06 30 06 00 00 00 87 00 01', 2)
    register.socket.destroy()
    await until(() => sim.state().dialogue === null)
    expect(books(sim)).toEqual(['payment 1999 booked', 'reversal 1999 reversed'])
  })

  it('refuses to reverse another amount than was paid', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    const answer = await register.acknowledgeAll('06 30 0d 00 00 00 87 00 01 04 00 00 00 00 19 98')
    expect(answer.at(-1)).toBe('061e01b5')
    expect(books(sim)).toEqual(['payment 1999 booked'])
  })

  it('repeats the last transaction as a status, as paper, or both', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_LINES)
    expect(await register.acknowledgeAll(REPEAT)).toEqual(['800000', '061e0183'])
    await register.acknowledgeAll(PAY_1999)
    expect(await register.acknowledgeAll(REPEAT)).toEqual(['800000', STATUS_1999, '060f00'])
    const paper = await register.acknowledgeAll('06 20 03 00 00 00')
    expect(paper[1]?.slice(0, 4)).toBe('06d1')
    expect(paper.some(line => line.includes(Buffer.from('KOPIE').toString('hex')))).toBe(true)
    expect(sim.state().totals.payments).toBe(1)
  })

  it.each(['reversed', 'original', 'previous'] as const)(
    'after an auto-reversal 06 20 shows the transaction as %s',
    async repeatShows => {
      const sim = await terminal({ repeatShows })
      const register = await registered(sim, REGISTER_SILENT)
      const [, first] = await register.acknowledgeAll('06 01 0a 04 00 00 00 00 01 00 49 09 78')
      const [, second] = await register.say(PAY_1999, 2)
      await register.say('84 6c 00')
      register.write(OK)
      const status = {
        reversed: second?.replace('040f5c2700', '040f5c276c'),
        original: second,
        previous: first,
      }[repeatShows]
      expect(await register.acknowledgeAll(REPEAT)).toEqual(['800000', status, '060f00'])
      expect(books(sim)).toEqual(['payment 100 booked', 'payment 1999 reversed'])
    },
  )

  it('settles at the end of the day, and reverses nothing that is settled', async () => {
    const sim = await terminal()
    const register = await registered(sim, '06 00 06 00 00 00 86 09 78')
    await register.acknowledgeAll(PAY_1999)
    await register.acknowledgeAll('06 31 0d 00 00 00 04 00 00 00 00 05 00 49 09 78')
    const day = await register.acknowledgeAll('06 50 03 00 00 00')
    expect(day[1]).toBe(
      '040f50270004000000001499' +
        '4909780b0000030c1234560d1121' +
        '60f0f5f300010002' +
        '02000000001499' +
        '00000000000000'.repeat(6),
    )
    expect(day[2]?.startsWith('06d1')).toBe(true)
    expect(day.at(-1)).toBe('060f00')
    expect(sim.state().totals).toMatchObject({ totalMinor: 0, payments: 0 })
    expect((await register.acknowledgeAll('06 30 06 00 00 00 87 00 01')).at(-1)).toBe('061e01b5')
  })

  it('prints the name of its own currency', async () => {
    const sim = await terminal({ currency: '756' })
    const register = await registered(sim, '06 00 06 00 00 00 82 07 56')
    const paper = await register.acknowledgeAll('06 01 0a 04 00 00 00 00 19 99 49 07 56')
    const text = paper.map(line => Buffer.from(line, 'hex').toString('latin1')).join('\n')
    expect(text).toContain('Betrag CHF')
    expect(text).not.toContain('EUR')
  })

  it('tells its state and version, or its state alone', async () => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.acknowledgeAll('05 01 00')).toEqual([
      '800000',
      `060f14f0f1f6${Buffer.from('CASHDESK-SIM 1.0').toString('hex')}00`,
    ])
    expect(await register.acknowledgeAll('05 01 05 00 00 00 03 02')).toEqual(['800000', '060f0100'])
  })

  it('tells its date in a diagnosis', async () => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.acknowledgeAll('06 70 00')).toEqual(['800000', '040108aa2611210c123456', '060f00'])
  })

  it('forgets the registration at a log-off', async () => {
    const sim = await terminal()
    const register = await registered(sim)
    expect(await register.say('06 02 00')).toEqual(['800000'])
    expect(await register.say(PAY_1999)).toEqual(['846b00'])
    expect(sim.state().registered).toBe(false)
  })

  it('mirrors receipt numbers (1F1F), and reverses the last payment for a register that missed it', async () => {
    const sim = await terminal()
    const register = await registered(sim, '06 00 08 00 00 00 00 09 78 06 00')
    const pay = (tlv: string): string =>
      `06 01 ${(10 + tlv.length / 2 + 1).toString(16).padStart(2, '0')}
      04 00 00 00 00 19 99 49 09 78 06 ${tlv}`.replaceAll(/\s/g, '')
    const [, first] = await register.acknowledgeAll(pay('031f1f00'))
    expect(first?.endsWith('06051f1f020001')).toBe(true)
    const [, second] = await register.acknowledgeAll(pay('051f1f020001'))
    expect(second?.endsWith('06051f1f020002')).toBe(true)
    const [, third] = await register.acknowledgeAll(pay('041f1f0101'))
    expect(third).toContain('870002')
    expect(books(sim)).toEqual(['payment 1999 booked', 'payment 1999 reversed', 'payment 1999 booked'])
    await register.acknowledgeAll(pay('041f1f0109'))
    expect(sim.state().totals.payments).toBe(3)
  })

  it('counts receipts to 9999 and begins again', async () => {
    const sim = await terminal({ firstReceipt: 9999 })
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(PAY_1999)
    await register.acknowledgeAll(PAY_1999)
    expect(sim.state().books.map(entry => entry.receipt)).toEqual([9999, 1])
  })
})
