// What each accident does on the wire and, above all, to the terminal's books.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '@cashdesk/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import { TERMINAL_ACCIDENTS } from './accident-table.ts'
import { BareRegister, OK } from './bare-register.ts'
import { startTerminalSim, type TerminalSim } from './terminal.ts'
import {
  idle,
  PAY_1999,
  REGISTER_LINES,
  REGISTER_SILENT,
  REPEAT,
  registered,
  switchOff,
  terminal,
  until,
} from './test-kit.ts'

const folders: string[] = []
afterEach(async () => {
  await switchOff()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Pays once, acknowledging everything; answers the first two bytes of each message that came. */
async function pay(sim: TerminalSim, registration: string = REGISTER_SILENT): Promise<string[]> {
  const register = await registered(sim, registration)
  const received = await register.acknowledgeAll(PAY_1999)
  await idle(sim)
  register.socket.destroy()
  return received.map(message => message.slice(0, 4))
}

const states = (sim: TerminalSim): string[] => sim.state().books.map(entry => entry.state)
const last = (sim: TerminalSim): string => sim.state().books.at(-1)?.why ?? ''

describe('accidents', () => {
  it.each<[string, { [name: string]: Json }, string, string[], string[]]>([
    ['approve', {}, REGISTER_SILENT, ['8000', '040f', '060f'], ['booked']],
    ['decline', {}, REGISTER_SILENT, ['8000', '040f', '061e'], ['declined']],
    ['partial', { amountMinor: 500 }, REGISTER_SILENT, ['8000', '040f', '060f'], ['booked']],
    ['slow', { ms: 5 }, REGISTER_SILENT, ['8000', '040f', '060f'], ['booked']],
    ['card-wait', { ms: 5 }, REGISTER_SILENT, ['8000', '040f', '060f'], ['booked']],
    ['lose-link-before-status', {}, REGISTER_SILENT, ['8000', 'gone'], ['reversed']],
    ['lose-link-after-status', {}, REGISTER_SILENT, ['8000', '040f', 'gone'], ['reversed']],
    ['lose-link-between-prints', {}, REGISTER_LINES, ['8000', '040f', '06d1', 'gone'], ['reversed']],
    ['lose-link-after-ack', {}, REGISTER_SILENT, ['8000', '040f', 'gone'], ['booked']],
    ['garble', {}, REGISTER_SILENT, ['8000', '040f', '060f'], ['booked']],
    ['abort-by-customer', {}, REGISTER_SILENT, ['8000', '040f', '061e'], []],
  ])('%s %j', async (name, args, registration, wire, booked) => {
    const sim = await terminal()
    sim.accident(name, args)
    expect(await pay(sim, registration)).toEqual(wire)
    expect(states(sim)).toEqual(booked)
    expect(sim.state().behaviour.name).toBe('approve')
  })

  it('strike once, unless told to strike always', async () => {
    const sim = await terminal()
    sim.accident('decline')
    await pay(sim)
    await pay(sim)
    sim.accident('decline', { mode: 'always', code: 0x33 })
    await pay(sim)
    await pay(sim)
    sim.accident('approve')
    await pay(sim)
    expect(states(sim)).toEqual(['declined', 'booked', 'declined', 'declined', 'booked'])
    expect(sim.state().books[2]?.resultCode).toBe(0x33)
  })

  it('can be given from the beginning', async () => {
    const sim = await terminal({ behaviour: { name: 'decline', code: 0x05 } })
    await pay(sim)
    expect(states(sim)).toEqual(['declined'])
  })

  it('a declined payment tells the code and the amount, and leaves no receipt number behind', async () => {
    const sim = await terminal({ behaviour: { name: 'decline', code: 0x05 } })
    const register = await registered(sim, REGISTER_SILENT)
    const received = await register.acknowledgeAll(PAY_1999)
    expect(received).toEqual(['800000', '040f09270504000000001999', '061e0105'])
    expect((await register.acknowledgeAll(REPEAT)).at(-1)).toBe('061e0183')
    await register.acknowledgeAll(PAY_1999)
    expect(sim.state().books.map(entry => [entry.trace, entry.receipt])).toEqual([
      [1, 0],
      [2, 1],
    ])
  })

  it('a partial approval books what was approved', async () => {
    const sim = await terminal({ behaviour: { name: 'partial', amountMinor: 1200 } })
    const register = await registered(sim, REGISTER_SILENT)
    const [, status] = await register.acknowledgeAll(PAY_1999)
    expect(status).toContain('04000000001200')
    expect(sim.state().books[0]).toMatchObject({ amountMinor: 1200, orderedMinor: 1999, state: 'booked' })
    expect(sim.state().totals.totalMinor).toBe(1200)
  })

  it('a lost link before the answer reverses even when the answer was on its way', async () => {
    const sim = await terminal({ behaviour: { name: 'lose-link-after-status' } })
    await pay(sim)
    expect(last(sim)).toBe('the link was lost before the register answered the status')
    const register = await registered(sim, REGISTER_SILENT)
    const [, status] = await register.acknowledgeAll(REPEAT)
    expect(status?.slice(0, 10)).toBe('040f5c276c')
  })

  it('a link lost after the answer leaves the payment booked, and 06 20 shows it', async () => {
    const sim = await terminal({ behaviour: { name: 'lose-link-after-ack' } })
    await pay(sim)
    const register = await registered(sim, REGISTER_SILENT)
    const [, status] = await register.acknowledgeAll(REPEAT)
    expect(status?.slice(0, 24)).toBe('040f5c270004000000001999')
    expect(sim.state().totals.payments).toBe(1)
  })

  it('between prints it waits for a dialogue that prints', async () => {
    const sim = await terminal({ behaviour: { name: 'lose-link-between-prints' } })
    await pay(sim)
    expect(sim.state().behaviour.name).toBe('lose-link-between-prints')
    await pay(sim, REGISTER_LINES)
    expect(states(sim)).toEqual(['booked', 'reversed'])
  })

  it('silence: to the command nothing happens, to the status it reverses, to the completion it is booked', async () => {
    const sim = await terminal({ answerMs: 20 })
    const register = await registered(sim, REGISTER_SILENT)
    sim.accident('no-answer')
    register.write(PAY_1999)
    await until(() => sim.state().behaviour.name === 'approve')
    sim.accident('no-answer', { when: 'completion' })
    expect(await register.say(PAY_1999, 2)).toEqual(['800000', expect.stringMatching(/^040f/)])
    register.write(OK)
    await until(() => states(sim)[0] === 'booked')
    await idle(sim)
    sim.accident('no-answer', { when: 'status' })
    // 06 1E comes when its own patience ends.
    expect(await register.say(PAY_1999, 2)).toEqual(['800000', '040f02276c'])
    expect(states(sim)).toEqual(['booked', 'reversed'])
  })

  it('aims at the dialogue that is named', async () => {
    const sim = await terminal()
    sim.accident('no-answer', { at: 'registration' })
    const register = await BareRegister.at(sim.port)
    register.write(REGISTER_SILENT)
    expect(await register.acknowledgeAll(REGISTER_SILENT)).toEqual(['800000', expect.stringMatching(/^060f/)])
    sim.accident('lose-link-after-status', { at: 'repeat-receipt' })
    await register.acknowledgeAll(PAY_1999)
    expect(await register.acknowledgeAll(REPEAT)).toEqual(['800000', expect.stringMatching(/^040f/), 'gone'])
    expect(states(sim)).toEqual(['booked'])
  })

  it('refuses connections until told otherwise, or for a time, on the same port', async () => {
    const sim = await terminal()
    const { port } = sim
    sim.accident('refuse-connections')
    await expect(BareRegister.at(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    sim.accident('approve')
    await pay(sim)
    sim.accident('lose-link-after-ack', { refuseMs: 30 })
    await pay(sim)
    await expect(BareRegister.at(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    for (let back = false; !back; ) {
      back = await BareRegister.at(port).then(
        register => register.socket.destroy() !== undefined,
        () => false,
      )
    }
    expect(sim.port).toBe(port)
    expect(states(sim)).toEqual(['booked', 'booked'])
  })

  it('refuse what is no accident or has wrong arguments', async () => {
    const sim = await terminal()
    const wrong: [string, { [name: string]: Json }][] = [
      ['meteor', {}],
      ['decline', { code: 256 }],
      ['decline', { code: -1 }],
      ['slow', { ms: 1.5 }],
      ['slow', { milliseconds: 5 }],
      ['partial', {}],
      ['partial', { amountMinor: '5' }],
      ['decline', { mode: 'twice' }],
      ['decline', { at: 'lunch' }],
    ]
    for (const [name, args] of wrong) {
      expect(() => sim.accident(name, args)).toThrow(expect.objectContaining({ code: 'sim.usage' }))
    }
    expect(sim.state().behaviour.name).toBe('approve')
    expect(new Set(TERMINAL_ACCIDENTS.map(accident => accident.name)).size).toBe(TERMINAL_ACCIDENTS.length)
  })

  it('garbled noise is no status: a register that hangs up is not charged', async () => {
    const sim = await terminal({ behaviour: { name: 'garble', what: 'frame' } })
    const register = await registered(sim, REGISTER_SILENT)
    register.write(PAY_1999)
    expect(await register.read()).toBe('800000')
    await until(() => states(sim)[0] === 'authorised')
    register.socket.destroy()
    await idle(sim)
    expect(states(sim)).toEqual(['reversed'])
  })
})

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

describe('books', () => {
  const file = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'terminal-books-'))
    folders.push(folder)
    return join(folder, 'deep', 'books.json')
  }

  it('survive a restart, counters included', async () => {
    const books = file()
    const first = await terminal({ books })
    await pay(first)
    first.accident('lose-link-after-status')
    await pay(first)
    const before = first.state().books
    await first.close()
    const second = await terminal({ books })
    expect(second.state().books).toEqual(before)
    await pay(second)
    expect(second.state().books.map(entry => [entry.trace, entry.receipt, entry.state])).toEqual([
      [1, 1, 'booked'],
      [2, 2, 'reversed'],
      [3, 3, 'booked'],
    ])
    expect(readFileSync(books, 'utf8')).not.toMatch(/\d{13,19}/)
  })

  it('reverse at the next start what nobody acknowledged before the terminal died', async () => {
    const books = file()
    const first = await terminal({ books })
    const register = await registered(first, REGISTER_SILENT)
    await register.say(PAY_1999, 2)
    const dying = readFileSync(books, 'utf8')
    expect(dying).toContain('authorised')
    await first.close()
    writeFileSync(books, dying)
    const second = await terminal({ books })
    expect(states(second)).toEqual(['reversed'])
    expect(last(second)).toBe('the terminal restarted before the register acknowledged')
  })

  it('are refused when damaged, naming the file', async () => {
    const books = file()
    const first = await terminal({ books })
    await pay(first)
    await first.close()
    const whole = readFileSync(books, 'utf8')
    for (const damaged of [whole.slice(0, -20), '{}', '[]', whole.replace('"booked"', '"borrowed"')]) {
      writeFileSync(books, damaged)
      await expect(startTerminalSim({ books })).rejects.toMatchObject({
        code: 'sim.books',
        detail: { file: books },
      })
    }
  })
})
