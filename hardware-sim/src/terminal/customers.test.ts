// What customers do beside paying: what the register is told of it, and what it means for the books.
import { afterEach, describe, expect, it } from 'vitest'
import {
  books,
  PAY_1999,
  REGISTER,
  REGISTER_LINES,
  registered,
  STATUS_1999,
  switchOff,
  terminal,
} from './test-kit.ts'

afterEach(switchOff)

/** With a TLV container, so that the terminal may send one. */
const REGISTER_TLV = '06 00 08 00 00 00 00 09 78 06 00'

async function paid(
  name: string,
  args: { readonly [name: string]: number } = {},
  registration = REGISTER_TLV,
) {
  const sim = await terminal()
  sim.accident(name, args)
  const register = await registered(sim, registration)
  const received = await register.acknowledgeAll(PAY_1999)
  return { sim, received, status: received.find(message => message.startsWith('040f')) ?? '' }
}

describe('a customer', () => {
  it('who pays with card and PIN is told as nothing special', async () => {
    const { status } = await paid('approve')
    expect(status).toBe(STATUS_1999)
  })

  it('who must sign: the status says so, and the merchant’s slip has a line for it', async () => {
    const { status, sim } = await paid('signature')
    expect(status.endsWith('060e2f0c1f1001011f1101011f120101')).toBe(true)
    expect(sim.state().books[0]).toMatchObject({ state: 'booked', manner: { check: 'signature' } })
    const { received } = await paid('signature', {}, REGISTER_LINES)
    const lines = received.filter(message => message.startsWith('06d1'))
    const text = lines.map(line => Buffer.from(line.slice(8), 'hex').toString('latin1'))
    expect(text.filter(line => line === 'Unterschrift')).toHaveLength(1)
    expect(text).toContain('_'.repeat(24))
  })

  it('who holds the card to the reader types no PIN', async () => {
    const { status } = await paid('contactless')
    expect(status.endsWith('060e2f0c1f1001001f1101011f120102')).toBe(true)
    const { received } = await paid('contactless', {}, REGISTER)
    expect(received.slice(0, 3)).toEqual(['800000', '04ff010a', '04ff0104'])
  })

  it('who gives a tip pays more than was ordered, and the status names the tip', async () => {
    const { status, sim } = await paid('tip', { amountMinor: 201 })
    expect(status).toContain('04000000002200')
    expect(status.endsWith('1f3606000000000201')).toBe(true)
    expect(sim.state().books[0]).toMatchObject({
      amountMinor: 2200,
      orderedMinor: 1999,
      manner: { tipMinor: 201 },
    })
    expect(sim.state().totals.totalMinor).toBe(2200)
  })

  it('who pays in dollars pays the same in euro', async () => {
    const { status, sim } = await paid('foreign-currency')
    expect(status).toContain('04000000001999490978')
    expect(status).toContain('1f1d01011f1e01021f20060000000019991f21020978')
    expect(status).toContain('1f1d01031f1e01021f20060000000021991f21020840')
    expect(sim.state().books[0]).toMatchObject({ amountMinor: 1999, currency: '978' })
  })

  it('whose register takes no TLV is told as any other, but for the amount', async () => {
    const { status } = await paid('tip', { amountMinor: 1 }, '06 00 06 00 00 00 00 09 78')
    expect(status).toBe(STATUS_1999.replace('04000000001999', '04000000002000'))
  })

  it('who mistypes the PIN may try again, twice', async () => {
    const { sim, received } = await paid('wrong-pin', { times: 2 }, REGISTER)
    expect(received.slice(1, 6)).toEqual(['04ff010a', '04ff0101', '04ff0115', '04ff0115', '04ff0104'])
    expect(books(sim)).toEqual(['payment 1999 booked'])
    const third = await paid('wrong-pin', { times: 3 }, REGISTER)
    expect(third.received.slice(-3)).toEqual(['04ff0118', '040f09274b04000000001999', '061e014b'])
    expect(books(third.sim)).toEqual(['payment 1999 declined'])
  })

  it('who pulls the card out has paid nothing', async () => {
    const { sim, received } = await paid('card-removed', {}, REGISTER)
    expect(received.slice(-3)).toEqual(['04ff010d', '040f09276604000000001999', '061e0166'])
    expect(books(sim)).toEqual([])
  })

  it('who is paid back, and one whose reservation is booked, does none of this', async () => {
    const sim = await terminal()
    sim.accident('tip', { mode: 'always' })
    const register = await registered(sim, REGISTER_TLV)
    await register.acknowledgeAll('06 31 0d 00 00 00 04 00 00 00 00 01 00 49 09 78')
    expect(books(sim)).toEqual(['refund 100 booked'])
    await register.acknowledgeAll('06 22 07 04 00 00 00 00 50 00')
    await register.acknowledgeAll('06 24 0a 87 00 02 04 00 00 00 00 30 00')
    expect(books(sim).at(-1)).toBe('payment 3000 booked')
  })
})
