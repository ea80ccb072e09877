// What is no order at all, what comes at the wrong moment, and registers that call at the same time.
import { afterEach, describe, expect, it } from 'vitest'
import { BareRegister, OK } from './bare-register.ts'
import type { TerminalSim } from './terminal.ts'
import { idle, PAY_1999, REGISTER_SILENT, registered, switchOff, terminal } from './test-kit.ts'

afterEach(switchOff)

const states = (sim: TerminalSim): string[] => sim.state().books.map(entry => entry.state)

/** Pays once; the first two bytes of the last message. */
async function pay(sim: TerminalSim): Promise<string[]> {
  const register = await registered(sim, REGISTER_SILENT)
  const received = await register.acknowledgeAll(PAY_1999)
  await idle(sim)
  register.socket.destroy()
  return received.map(message => message.slice(0, 4))
}

describe('wrong input', () => {
  it.each([
    ['an unknown command', '06 99 00', '848300'],
    ['a command of the terminal', '04 0f 02 27 00', '848300'],
    ['a registration without config byte', '06 00 03 00 00 00', '849a00'],
    ['a registration with half a currency', '06 00 05 00 00 00 08 09', '849a00'],
    ['a registration with half a password', '06 00 02 00 00', '849a00'],
    ['a wrong password', '06 00 06 12 34 56 08 09 78', '848300'],
    ['another currency', '06 00 06 00 00 00 08 07 56', '841e036f0978'],
    ['TLV that breaks off', '06 00 0a 00 00 00 08 09 78 06 02 26 05', '849a00'],
    ['an unknown field', '06 01 03 ff 00 00', '849a00'],
    ['an amount that breaks off', '06 01 05 04 00 00 00 19', '849a00'],
    ['an amount that is not decimal', '06 01 07 04 00 00 00 00 1a 99', '849a00'],
    ['no amount', '06 01 03 49 09 78', '849a00'],
    ['an amount of zero', '06 01 07 04 00 00 00 00 00 00', '849a00'],
    ['a length in no decimal digits', '06 01 0a 04 00 00 00 00 19 99 22 0f 01', '849a00'],
    ['a reversal without receipt number', '06 30 03 00 00 00', '849a00'],
    ['a reversal without password', '06 30 02 00 00', '849a00'],
    ['a repeat without password', '06 20 00', '849a00'],
    ['an end of day with a wrong password', '06 50 03 11 11 11', '848300'],
    ['a status enquiry with half a password', '05 01 01 00', '849a00'],
  ])('%s is refused', async (_, hex, answer) => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    // The registration's own dialogue ends with the answer that is under way.
    await idle(sim)
    const [said] = await register.say(hex)
    expect(said).toBe(answer)
    expect(states(sim)).toEqual([])
    expect((await register.acknowledgeAll(PAY_1999)).at(-1)).toBe('060f00')
  })

  it('needs a registration before it takes money', async () => {
    const register = await BareRegister.at((await terminal()).port)
    expect(await register.say(PAY_1999)).toEqual(['846b00'])
  })

  it('takes money without one where it is set up so, and prints as after a log-off', async () => {
    const register = await BareRegister.at((await terminal({ unregistered: 'take' })).port)
    const received = await register.acknowledgeAll(PAY_1999)
    expect(received.slice(0, 3).map(message => message.slice(0, 4))).toEqual(['8000', '040f', '06d1'])
    expect(received.at(-1)).toBe('060f00')
  })

  it('refuses another currency in a payment after its start, and names its own', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    expect((await register.acknowledgeAll('06 01 0a 04 00 00 00 00 19 99 49 07 56')).at(-1)).toBe(
      '061e036f0978',
    )
    expect(states(sim)).toEqual([])
  })

  it('refuses a second command while one runs', async () => {
    const sim = await terminal()
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    expect(await register.say(PAY_1999)).toEqual(['84a000'])
    expect(await register.say('05 01 00')).toEqual(['84a000'])
    expect(await register.say(OK)).toEqual(['060f00'])
    expect(states(sim)).toEqual(['booked'])
  })

  it('hangs up on a message that never becomes complete, and on a flood', async () => {
    const sim = await terminal({ t3Ms: 20 })
    const half = await registered(sim, REGISTER_SILENT)
    half.write('06 01 ff ff ff 00 00')
    expect(await half.read()).toBe('gone')
    const flood = await registered(sim, REGISTER_SILENT)
    flood.write('05 01 00'.repeat(2_000))
    await flood.gone
    expect((await pay(sim)).at(-1)).toBe('060f')
  })

  it('stays sound whatever noise it gets', async () => {
    const sim = await terminal({ t3Ms: 500 })
    let seed = 42
    for (let round = 0; round < 60; round += 1) {
      const noise = Buffer.alloc(40).map(() => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        return seed >> 16
      })
      // Every second round the noise begins like a command.
      if (round % 2 === 0) noise.set([0x06, [0x00, 0x01, 0x20, 0x30][round % 4] ?? 0, 37])
      const register = await BareRegister.at(sim.port)
      register.socket.end(noise)
      await register.gone
    }
    await idle(sim)
    expect(states(sim).filter(state => state === 'booked')).toEqual([])
    expect((await pay(sim)).at(-1)).toBe('060f')
  })
})

describe('one register at a time', () => {
  it('turns a second one away, and takes it when the first is gone', async () => {
    const sim = await terminal()
    const first = await registered(sim, REGISTER_SILENT)
    const second = await BareRegister.at(sim.port)
    expect(await second.say('05 01 00')).toEqual(['gone'])
    const third = await BareRegister.at(sim.port)
    first.socket.destroy()
    expect((await third.acknowledgeAll(REGISTER_SILENT)).at(-1)).toMatch(/^060f/)
  })

  it('is busy while it still reverses for the register that was lost', async () => {
    const sim = await terminal({ reversalMs: 100 })
    const first = await registered(sim, REGISTER_SILENT)
    await first.say(PAY_1999, 2)
    first.socket.destroy()
    const second = await BareRegister.at(sim.port)
    const busy = await second.acknowledgeAll('05 01 05 00 00 00 03 02')
    expect(busy).toEqual(['800000', '060f019c'])
    expect(await second.say(PAY_1999)).toEqual(['84a000'])
    await idle(sim)
    expect(await second.acknowledgeAll('05 01 05 00 00 00 03 02')).toEqual(['800000', '060f0100'])
    expect(states(sim)).toEqual(['reversed'])
  })
})
