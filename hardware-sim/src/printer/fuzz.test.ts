// The interpreter on anything: it neither fails nor hangs, keeps a bounded amount, and prints the next receipt.
import { describe, expect, test, vi } from 'vitest'
import { Engine } from './engine.ts'
import { explainEscPos } from './explain.ts'
import { createInterpreter } from './interpreter.ts'

const ROUNDS = Number(process.env['FUZZ'] ?? 2000)
vi.setConfig({ testTimeout: 90_000 + ROUNDS })
const CLEAR = [0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8]
const RECEIPT = [0x1b, 0x40, ...Buffer.from('whole receipt\n'), 0x1d, 0x56, 0x00]

function seeded(seed: number): (most: number) => number {
  let state = seed
  return most => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * most)
  }
}

/** A receipt with one of everything, to be cut off and bent. */
const JOB: readonly number[] = [
  ...RECEIPT.slice(0, -3),
  ...Buffer.from('\x1b!\x30big\n\x1b!\x00\x1ba\x01mid\n\x1b-\x02\x1bE\x01\x1dB\x01x\n', 'latin1'),
  ...Buffer.from('\x1dh\x40\x1dw\x02\x1dH\x02\x1dk\x024006381333931\x00\x1dkI\x05{Babc\n', 'latin1'),
  ...Buffer.from(
    '\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x04\x1d(k\x08\x001P0https\x1d(k\x03\x001Q0',
    'latin1',
  ),
  ...Buffer.from('\x1d(k\x08\x000P0https\x1d(k\x03\x000Q0', 'latin1'),
  ...[0x1d, 0x76, 0x30, 0, 2, 0, 2, 0, 1, 2, 3, 4, 0x1b, 0x2a, 33, 2, 0, 1, 2, 3, 4, 5, 6, 0x0a],
  ...Buffer.from(
    '\x1bp\x00\x19\xfa\x1dr\x01\x1dI\x43\x1da\x0f\x1b\x44\x08\x10\x00\ta\tb\n\x1dV\x42\x00',
    'latin1',
  ),
]

function engineFor(sheets: string[]): Engine {
  return new Engine({
    paperDots: 576,
    pictures: false,
    pin3WhenOpen: 'high',
    serial: 'SIM0001',
    send: () => undefined,
    sheet: sheet => {
      sheets.push(sheet.text)
      if (sheets.length > 50) sheets.shift()
    },
    kicked: () => undefined,
    after: (_, wake) => wake(),
  })
}

function bent(draw: (most: number) => number): Uint8Array {
  const form = draw(4)
  if (form === 0) return Uint8Array.from({ length: draw(200) }, () => draw(256))
  if (form === 1) return Uint8Array.from(JOB.slice(0, draw(JOB.length)))
  if (form === 2) {
    const flips = new Map(
      Array.from({ length: 1 + draw(6) }, () => [draw(JOB.length), 1 << draw(8)] as const),
    )
    return Uint8Array.from(JOB, (byte, at) => byte ^ (flips.get(at) ?? 0))
  }
  const from = draw(JOB.length)
  return Uint8Array.from([...JOB.slice(0, draw(JOB.length)), ...JOB.slice(from)])
}

describe('the printer', () => {
  test('survives anything, and prints a whole receipt after its buffer was cleared', () => {
    const draw = seeded(3)
    const sheets: string[] = []
    const engine = engineFor(sheets)
    for (let round = 0; round < ROUNDS; round += 1) {
      engine.receive(bent(draw))
      expect(engine.problems.length).toBeLessThanOrEqual(200)
      engine.receive(Uint8Array.from(CLEAR))
      expect(engine.pending).toBeLessThanOrEqual(CLEAR.length)
      // Whatever is on the line, and device selection, end with switching off and on.
      engine.powerCycle()
      engine.tear()
      engine.receive(Uint8Array.from(RECEIPT))
      expect(sheets.at(-1)?.trim()).toBe('whole receipt')
    }
  })

  test('makes the same of bytes however they are cut', () => {
    const draw = seeded(5)
    for (let round = 0; round < ROUNDS / 10; round += 1) {
      const bytes = bent(draw)
      const [whole, pieces]: [string[], string[]] = [[], []]
      const [one, other] = [engineFor(whole), engineFor(pieces)]
      one.receive(bytes)
      for (let at = 0; at < bytes.length; ) {
        const step = 1 + draw(7)
        other.receive(bytes.subarray(at, at + step))
        at += step
      }
      expect([pieces, other.uncut, other.pending]).toEqual([whole, one.uncut, one.pending])
    }
  })

  test('explains every byte of it once', () => {
    const draw = seeded(9)
    for (let round = 0; round < ROUNDS; round += 1) {
      const bytes = bent(draw)
      const { commands, brokenOff } = explainEscPos(bytes)
      let at = 0
      for (const command of commands) {
        if (command.at !== at) throw new Error(`round ${round}: a gap at ${at}`)
        at += command.length
      }
      expect(at + (brokenOff?.length ?? 0)).toBe(bytes.length)
    }
  })

  test('a command that announces gigabytes takes no memory for them', () => {
    const interpreter = createInterpreter()
    interpreter.push(Uint8Array.of(0x1d, 0x38, 0x4c, 0xff, 0xff, 0xff, 0xff))
    for (let chunk = 0; chunk < 64; chunk += 1) {
      interpreter.push(new Uint8Array(65_536))
      while (interpreter.next() !== undefined);
      expect(interpreter.pending).toBeLessThanOrEqual(65_536)
    }
  })
})
