// Anything may arrive at the simulated terminal: its codecs answer in words, hold no more than a message, and hear the
// next good frame. FUZZ sets how many inputs are tried.
import { expect, it } from 'vitest'
import { ApduReader, readFields, readTlv } from './codec.ts'
import { numbered, numberOf } from './sequence.ts'
import { frame, SerialReader } from './serial.ts'

const ROUNDS = Number(process.env['FUZZ'] ?? 2_000)
const GOOD = Buffer.from('06010a04000000001999490978', 'hex')

/** A generator by seed (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Random bytes, or a good message that is cut or has a bit turned. */
function input(pick: (below: number) => number): Buffer {
  if (pick(2) === 0) return Buffer.from(Array.from({ length: pick(80) }, () => pick(256)))
  const bytes = Buffer.from(pick(2) === 0 ? GOOD : frame(GOOD))
  const at = pick(bytes.length)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << pick(8)), at)
  return pick(2) === 0 ? bytes : bytes.subarray(0, pick(bytes.length + 1))
}

it('reads fields, containers and numbers of anything without throwing', () => {
  const pick = chance(1)
  for (let round = 0; round < ROUNDS; round += 1) {
    const data = input(pick)
    readFields(data)
    readTlv(data)
    const control = pick(0x10000)
    numberOf({ control, data })
    numbered(control, data, pick(1_000_000))
    new ApduReader().push(data)
  }
})

it('hears the next good frame on a serial line after anything', () => {
  const pick = chance(2)
  for (let round = 0; round < ROUNDS; round += 1) {
    const reader = new SerialReader()
    reader.push(input(pick))
    // T1 ends a frame that stops in the middle.
    reader.drop()
    expect(reader.push(frame(GOOD))).toEqual([{ kind: 'frame', apdu: GOOD }])
  }
})
