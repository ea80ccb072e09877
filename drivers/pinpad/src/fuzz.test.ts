// Whatever comes over the line: nothing is thrown, nothing grows, and the next good packet is read.
import { cutFrames } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { FRAMING, MAX_PACKET_BYTES, packetBytes } from './frames.ts'
import { readAnswer } from './packets.ts'
import { UIC, VERIFONE } from './profiles.ts'
import { PadSession } from './session.ts'

const RUNS = Number(process.env['FUZZ'] ?? 2_000)

/** mulberry32: the same run from the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const ANSWERS = [
  '710',
  '71A',
  '71.004010123456789ABCDEF',
  '73.000009876543210E000011B9C1845EB993A7A',
  '7109876543210E000011B9C1845EB993A7A',
  '73.00000123456789012345600000001A912150391AB65A67E52883D81CE2D15',
]
const CONTROLS = [0x02, 0x03, 0x04, 0x06, 0x0e, 0x0f, 0x15, 0x1c]

/** Noise, signals, halves and whole packets with flipped bits. */
function rubbish(pick: (below: number) => number): Uint8Array {
  const parts: number[] = []
  for (let count = pick(5); count >= 0; count -= 1) {
    const kind = pick(4)
    const packet = packetBytes(ANSWERS[pick(ANSWERS.length)] ?? '', pick(8) === 0)
    if (kind === 0) for (let length = pick(40); length > 0; length -= 1) parts.push(pick(256))
    else if (kind === 1) parts.push(CONTROLS[pick(CONTROLS.length)] ?? 0)
    else if (kind === 2) parts.push(...packet.subarray(0, pick(packet.length)))
    else parts.push(...packet.map((byte, at) => (at === pick(packet.length) ? byte ^ (1 << pick(8)) : byte)))
  }
  return Uint8Array.from(parts)
}

describe('rubbish on the line', () => {
  test('never hides the second of two good packets behind it, and never piles up', () => {
    const pick = chance(1)
    const good = packetBytes(ANSWERS[3] ?? '')
    for (let run = 0; run < RUNS; run += 1) {
      let pending: Uint8Array = new Uint8Array(0)
      const frames = []
      const stream = [...rubbish(pick), ...good, ...good]
      while (stream.length > 0) {
        const step = cutFrames(FRAMING, pending, Uint8Array.from(stream.splice(0, 1 + pick(30))))
        pending = step.pending
        frames.push(...step.frames)
        expect(pending.length).toBeLessThanOrEqual(MAX_PACKET_BYTES)
      }
      expect(frames.at(-1)).toMatchObject({ text: ANSWERS[3], intact: true })
    }
  })

  test('of any length is cut in one go', () => {
    const pick = chance(2)
    const flood = Uint8Array.from({ length: 200_000 }, () => (pick(50) === 0 ? 0x02 : 0x30 + pick(10)))
    expect(cutFrames(FRAMING, new Uint8Array(0), flood).pending.length).toBeLessThanOrEqual(MAX_PACKET_BYTES)
  })

  test('read as an answer is a block of the right size, or none', () => {
    const pick = chance(3)
    for (let run = 0; run < RUNS; run += 1) {
      const text = [...(ANSWERS[pick(ANSWERS.length)] ?? '')]
      for (let flips = pick(3); flips > 0; flips -= 1)
        text[pick(text.length)] = String.fromCharCode(pick(256))
      const cut = text.slice(0, pick(3) === 0 ? pick(text.length) : text.length).join('')
      const scheme = pick(2) === 0 ? 'dukpt' : 'master-session'
      const answer = readAnswer(cut, scheme, pick(2) === 0 ? VERIFONE : UIC, 'iso-0')
      if (answer.kind !== 'block') continue
      const { format, blockHex, ksnHex } = answer.block
      expect(blockHex).toMatch(format === 'iso-4' ? /^[0-9A-F]{32}$/ : /^[0-9A-F]{16}$/)
      if (scheme === 'dukpt') expect(ksnHex).toMatch(format === 'iso-4' ? /^[0-9A-F]{24}$/ : /^[0-9A-F]{20}$/)
    }
  })

  test('ends every exchange in bounded time, and the next one with a sound pad succeeds', () => {
    const pick = chance(4)
    const times = { ackMs: 30, settleMs: 5, entryMs: 300 }
    for (let run = 0; run < RUNS; run += 1) {
      const session = new PadSession(times)
      let nowMs = 0
      let ends = 0
      session.start([{ bytes: packetBytes('Z60.'), until: 'answer' }], nowMs)
      for (let step = 0; step < 60 && ends === 0; step += 1) {
        nowMs += pick(40)
        const act = pick(6)
        const heard =
          act === 0
            ? session.stop(nowMs)
            : act < 4
              ? session.bytes(rubbish(pick), nowMs)
              : session.tick(nowMs)
        if (heard.end !== undefined) ends += 1
      }
      while (session.deadlineMs !== undefined && nowMs < 100_000) {
        nowMs = Math.max(nowMs, session.deadlineMs)
        if (session.tick(nowMs).end !== undefined) ends += 1
      }
      expect(ends).toBe(1)
      // What half a packet left behind is gone with the first start of the next.
      session.bytes(packetBytes('71A'), nowMs)
      expect(soundExchange(session, nowMs)).toEqual({ how: 'answered', text: '710' })
    }
  })
})

/** A pad that takes everything and answers at once, on a line that is silent otherwise. */
function soundExchange(session: PadSession, fromMs: number): unknown {
  let nowMs = fromMs
  let reaction = session.start([{ bytes: packetBytes('Z60.'), until: 'answer' }], nowMs)
  for (let turn = 0; turn < 10 && reaction.end === undefined; turn += 1) {
    if (reaction.send.length === 0) {
      nowMs = session.deadlineMs ?? nowMs
      reaction = session.tick(nowMs)
      continue
    }
    const isCancel = reaction.send[0]?.[1] === 0x37
    const reply = isCancel ? [0x06, 0x04] : [0x06, ...packetBytes('710')]
    reaction = session.bytes(Uint8Array.from(reply), nowMs)
  }
  return reaction.end
}
