// Every decoder of the driver against seeded nonsense: random bytes, real frames cut and with flipped bits. Nothing may
// throw, grow without bound, or cost the next good frame. FUZZ=100000 for a long run.
import { fromHex, hex } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { message } from '../test/node-serial-box.ts'
import { ACK, APPROVED, COMPLETED, frame, Talk } from '../test/talk.ts'
import { readBmps } from './apdu.ts'
import { authorisation } from './commands.ts'
import type { ExplainedField } from './explain.ts'
import { explainZvt } from './explain.ts'
import { CONTROL } from './frames.ts'
import { readIntermediate, readPrintBlock, readPrintLine } from './print.ts'
import { readQuestion } from './questions.ts'
import { SerialLine } from './serial-line.ts'
import { readAbort, readEnquiry, readRegistration, readStatus, readTime } from './status.ts'

const ROUNDS = Number(process.env['FUZZ'] ?? 2000)
const NOW = 1_795_291_200_000

/** mulberry32: the same nonsense every time. */
function dice(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const SEEDS = [
  APPROVED,
  COMPLETED,
  ACK,
  '04ff020402',
  frame('04ff', '0a00 06 0a 24 08 07 06 48414c4c4f21'),
  '06d1064048414c4c4f',
  frame('06d3', '060f 1f070101 25 09 090140 0704 4f4b4f4b'),
  frame('040e', '0610 2b0e 2c0c 0707 6162203138 2121 1901 01'),
  frame('060f', 'f0f0f8562e312e322e3334 00'),
  frame('061e', '6c 06 05 1f17 02 4e6f'),
  frame('0600', '123456 9e 0978 06 06 26 04 0a02 06d3'),
  frame('040f', '2700 22f0f8 4711081512345678 60 f0f1f0 00010002010000000019 060a 2f081f1001011f120102'),
].map(fromHex)

function nonsense(roll: (below: number) => number): Uint8Array {
  if (roll(3) === 0) return Uint8Array.from({ length: roll(80) }, () => roll(256))
  const seed = SEEDS[roll(SEEDS.length)] ?? new Uint8Array(0)
  const bytes = Uint8Array.from(seed.subarray(0, 1 + roll(seed.length)))
  for (let flips = roll(4); flips > 0; flips -= 1) {
    const at = roll(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << roll(8))
  }
  return bytes
}

test('readers of data say what they can and never throw', () => {
  const roll = dice(1)
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = nonsense(roll)
    for (const data of [bytes, bytes.subarray(3)]) {
      readBmps(data)
      readStatus(data, NOW, 'cp437')
      readRegistration(data)
      readEnquiry(data)
      readAbort(data, '7-bit')
      readTime(data)
      readIntermediate(data, 'utf-8')
      expect(readPrintLine(data, 'admin', 'iso-8859-15').lines.length).toBeLessThanOrEqual(32)
      readPrintBlock(data, 'customer', 'iso-8859-14')
      readQuestion(CONTROL.menuRequest, data, 'cp437')
      readQuestion(CONTROL.inputRequest, data, 'cp437')
    }
  }
})

test('a session has an answer to anything, holds little, and takes no payment that nobody accepted', () => {
  const roll = dice(2)
  for (let round = 0; round < ROUNDS / 4; round += 1) {
    const talk = new Talk(authorisation({ minor: 1999, currency: '0978' })).says(ACK)
    for (let steps = roll(12); steps > 0; steps -= 1) {
      const timers = ['answer', 'dialogue', 'frame', 'approval', 'question', 'whole'] as const
      const timer = timers[roll(timers.length)] ?? 'frame'
      if (roll(4) === 0) talk.put({ in: 'tick', timer })
      else talk.put({ in: 'bytes', bytes: nonsense(roll) })
      expect(talk.state.pending.length).toBeLessThanOrEqual(65_540)
      expect(talk.state.queue.length).toBeLessThanOrEqual(64)
    }
    expect(talk.outcome).not.toBe('done')
  }
})

test('a serial line delivers the next good message after any noise and a silence', () => {
  const roll = dice(3)
  for (let round = 0; round < ROUNDS; round += 1) {
    const line = new SerialLine({ t1Ms: 200, t2Ms: 5000 })
    const good = Buffer.from(message('04ff010a'), 'hex')
    const framed = Buffer.from(message(hex(nonsense(roll))), 'hex')
    const noise = roll(2) === 0 ? nonsense(roll) : Uint8Array.from(framed.subarray(0, roll(framed.length)))
    line.take({ in: 'bytes', bytes: noise })
    line.take({ in: 'tick', timer: 't1' })
    const delivered = line.take({ in: 'bytes', bytes: good }).filter(effect => effect.do === 'deliver')
    expect(
      delivered.map(effect => hex(effect.apdu)),
      hex(noise),
    ).toEqual(['04ff010a'])
  }
})

describe('an explanation', () => {
  const within = (fields: readonly ExplainedField[], length: number): void => {
    for (const field of fields) {
      expect(field.offset).toBeGreaterThanOrEqual(0)
      expect(field.offset + field.length).toBeLessThanOrEqual(length)
      within(field.fields ?? [], length)
    }
  }

  test('stays inside its input and ends', () => {
    const roll = dice(4)
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = nonsense(roll)
      const serial = Buffer.from(message(hex(bare)), 'hex').subarray(0, 1 + roll(60))
      for (const bytes of [bare, Uint8Array.from(serial)]) {
        const { fields, problems } = explainZvt(bytes)
        within(fields, bytes.length)
        for (const { offset } of problems) expect(offset).toBeLessThanOrEqual(bytes.length)
      }
    }
  })

  test('finds the next good frame behind what it cannot read', () => {
    const roll = dice(5)
    for (let round = 0; round < ROUNDS / 4; round += 1) {
      const junk = Buffer.from(Array.from({ length: roll(20) }, () => 0xe0 + roll(16)))
      const { fields } = explainZvt(Uint8Array.from(Buffer.concat([junk, Buffer.from(APPROVED, 'hex')])))
      expect(fields.at(-1)?.name, junk.toString('hex')).toBe('APDU 04 0F')
    }
  })
})
