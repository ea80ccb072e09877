// Money that is held, booked later or released: 06 22 to 06 25, the enquiry after what is held, and 06 93.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { OK } from './bare-register.ts'
import { books, REGISTER_SILENT, registered, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

const RESERVE_5000 = '06 22 0a 04 00 00 00 00 50 00 49 09 78'
const WHICH = '06 23 03 87 ff ff'
/** Book total, used 30.00, of receipt 1. */
const BOOK_3000 = '06 24 0d 87 00 01 04 00 00 00 00 30 00 49 09 78'

describe('a reservation', () => {
  it('holds money and moves none, and names itself by its receipt number', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    const [accepted, status, done] = await register.acknowledgeAll(RESERVE_5000)
    expect([accepted, done]).toEqual(['800000', '060f00'])
    expect(status).toContain('04000000005000')
    expect(status).toContain('870001')
    expect(books(sim)).toEqual(['reservation 5000 booked'])
    expect(sim.state().totals).toMatchObject({ totalMinor: 0, payments: 0 })
  })

  it('is reversed like a payment when the register does not answer', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(RESERVE_5000, 2)
    register.socket.destroy()
    await register.gone
    while (sim.state().dialogue !== null) await new Promise(resolve => setTimeout(resolve, 1))
    expect(books(sim)).toEqual(['reservation 5000 reversed'])
  })

  it('is booked with what was used (06 24), once', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(RESERVE_5000)
    const [, status, done] = await register.acknowledgeAll(BOOK_3000)
    expect(done).toBe('060f00')
    // Its own trace number, and that of the reservation.
    expect(status).toContain('0b000002')
    expect(status).toContain('37000001')
    expect(books(sim)).toEqual(['reservation 5000 reversed', 'payment 3000 booked'])
    expect(sim.state().books[0]?.why).toBe('booked by the register')
    expect(sim.state().totals).toMatchObject({ totalMinor: 3000, payments: 1, reversed: 0 })
    expect(await register.acknowledgeAll(BOOK_3000)).toEqual([
      '800000',
      '040f0927b804000000003000',
      '061e01b8',
    ])
  })

  it('is booked with what was not used (06 23), and can be reversed as a payment', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(RESERVE_5000)
    await register.acknowledgeAll('06 23 0a 87 00 01 04 00 00 00 00 10 00')
    expect(books(sim)).toEqual(['reservation 5000 reversed', 'payment 4000 booked'])
    await register.acknowledgeAll('06 30 06 00 00 00 87 00 02')
    expect(books(sim)).toEqual(['reservation 5000 reversed', 'payment 4000 reversed', 'reversal 4000 booked'])
    expect(sim.state().totals.totalMinor).toBe(0)
  })

  it('is ended without a booking (06 25)', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(RESERVE_5000)
    expect((await register.acknowledgeAll('06 25 03 87 00 01')).at(-1)).toBe('060f00')
    expect(books(sim)).toEqual(['reservation 5000 reversed', 'reversal 5000 booked'])
    expect(sim.state().totals.totalMinor).toBe(0)
  })

  it('gives no more than it holds', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.acknowledgeAll(RESERVE_5000)
    for (const order of [
      '06 24 0a 87 00 01 04 00 00 00 00 50 01',
      '06 23 0a 87 00 01 04 00 00 00 00 50 00',
    ]) {
      expect((await register.acknowledgeAll(order)).at(-1)).toBe('061e01b7')
    }
    expect(await register.say('06 24 00')).toEqual(['849a00'])
    expect(books(sim)).toEqual(['reservation 5000 booked'])
  })

  it('stands in the list of what is held', async () => {
    const sim = await terminal()
    const register = await registered(sim, '06 00 08 00 00 00 00 09 78 06 00')
    expect(await register.acknowledgeAll(WHICH)).toEqual(['800000', '061e04b887ffff'])
    await register.acknowledgeAll(RESERVE_5000)
    await register.acknowledgeAll(RESERVE_5000)
    expect((await register.acknowledgeAll(WHICH)).at(-1)).toBe(LIST)
    const plain = await registered(await terminal(), REGISTER_SILENT)
    await plain.acknowledgeAll(RESERVE_5000)
    expect((await plain.acknowledgeAll(WHICH)).at(-1)).toBe('061e04b8870001')
  })

  it('outlives the end of day and the terminal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'terminal-reservation-'))
    const file = join(folder, 'books.json')
    const first = await terminal({ books: file })
    const register = await registered(first, REGISTER_SILENT)
    await register.acknowledgeAll(RESERVE_5000)
    await register.acknowledgeAll('06 50 03 00 00 00')
    expect(first.state().books[0]).toMatchObject({ kind: 'reservation', state: 'booked', settled: false })
    await first.close()
    const second = await terminal({ books: file })
    const again = await registered(second, REGISTER_SILENT)
    expect((await again.acknowledgeAll(BOOK_3000)).at(-1)).toBe('060f00')
    expect(second.state().totals.totalMinor).toBe(3000)
    rmSync(folder, { recursive: true, force: true })
  })
})

/** 06 1E: B8, the first receipt number, and both in 23 {08, 08}. */
const LIST = '061e10b8870001060a23080802000108020002'

describe('initialisation', () => {
  it('needs the password and says that it is done', async () => {
    const sim = await terminal()
    const register = await registered(sim)
    expect(await register.acknowledgeAll('06 93 03 00 00 00')).toEqual(['800000', '04ff010e', '060f00'])
    expect(await register.say('06 93 03 12 34 56')).toEqual(['848300'])
    expect(await register.say('06 93 00')).toEqual(['849a00'])
    expect(await register.say(`${OK} 06 02 00`)).toEqual(['800000'])
    expect(sim.state().registered).toBe(false)
  })
})
