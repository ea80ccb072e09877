// What each accident does on the wire and, above all, to the terminal's books.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '@cashdesk/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import { TERMINAL_ACCIDENTS, TERMINAL_MOMENTS } from './accident-table.ts'
import { BareRegister, OK } from './bare-register.ts'
import { LINE_ACCIDENTS } from './line-accidents.ts'
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

  it('slow: the host takes that long, and an abort is too late meanwhile', async () => {
    const sim = await terminal({ behaviour: { name: 'slow', ms: 60_000 } })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999)
    expect(await register.say('06 b0 00')).toEqual(['848300'])
    expect(sim.state()).toMatchObject({ dialogue: 'authorisation', books: [] })
  })

  it('card-wait: the customer takes that long, and an abort is in time', async () => {
    const sim = await terminal({ behaviour: { name: 'card-wait', ms: 60_000 } })
    const register = await registered(sim, REGISTER_SILENT)
    await register.say(PAY_1999)
    expect(await register.say('06 b0 00', 2)).toEqual(['800000', '040f09276c04000000001999'])
    expect(await register.say(OK)).toEqual(['061e016c'])
    register.write(OK)
  })

  it('garble: the status breaks off in the middle of a field', async () => {
    const sim = await terminal({ behaviour: { name: 'garble' } })
    const register = await registered(sim, REGISTER_SILENT)
    expect(await register.say(PAY_1999, 2)).toEqual(['800000', '040f052700040000'])
  })

  it('each has a key of its own, and none that the program takes itself', () => {
    const table = [...TERMINAL_ACCIDENTS, ...TERMINAL_MOMENTS, ...LINE_ACCIDENTS]
    const keys = table.flatMap(({ key }) => key ?? [])
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.filter(key => ['q', '?', ':'].includes(key))).toEqual([])
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length)
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

  it.runIf(process.platform === 'linux')('does not start where it could not write them', async () => {
    for (const books of ['/proc/books', '/proc/cashdesk/books', '/dev/null/books'])
      await expect(startTerminalSim({ books })).rejects.toMatchObject({ code: 'sim.books' })
  })
})
