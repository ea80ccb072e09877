// How the pad's bytes are cut into signals and packets, with the examples of the vendors' manuals.
import { cutFrames, hex } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { FRAMING, type Frame, packetBytes } from './frames.ts'

const NONE = new Uint8Array(0)
const cut = (...bytes: readonly (number | string)[]): ReturnType<typeof cutFrames<Frame>> => {
  const all = bytes.flatMap(part => (typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)]))
  return cutFrames(FRAMING, NONE, Uint8Array.from(all))
}

describe('a packet', () => {
  test('is written as the manuals show it, with its check behind its end', () => {
    expect(hex(packetBytes('72'))).toBe('02373203' + '06')
    expect(hex(packetBytes('11', true))).toBe('0f31310e' + '0e')
    expect(hex(packetBytes('087', true))).toBe('0f3038370e' + '31')
  })

  test('is read in pieces and in heaps, between signals', () => {
    const bytes = [0x06, ...packetBytes('710'), 0x04, ...packetBytes('0F', true), 0x15]
    const whole = cutFrames(FRAMING, NONE, Uint8Array.from(bytes))
    expect(whole.frames).toEqual([
      { kind: 'ack' },
      { kind: 'packet', admin: false, text: '710', intact: true },
      { kind: 'eot' },
      { kind: 'packet', admin: true, text: '0F', intact: true },
      { kind: 'nak' },
    ])
    let pending: Uint8Array = NONE
    const pieces = bytes.flatMap(byte => {
      const step = cutFrames(FRAMING, pending, Uint8Array.of(byte))
      pending = step.pending
      return step.frames
    })
    expect(pieces).toEqual(whole.frames)
  })

  test('with a wrong check says so', () => {
    expect(cut(0x02, '710', 0x03, 0x00).frames).toEqual([
      { kind: 'packet', admin: false, text: '710', intact: false },
    ])
  })

  test('is found behind noise, half a packet and a packet that lost its check', () => {
    const good = [...packetBytes('710')]
    const found = { kind: 'packet', admin: false, text: '710', intact: true }
    expect(cut('noise', 0xff, ...good)).toMatchObject({ frames: [found], discarded: 6 })
    expect(cut(0x02, '71.0', ...good)).toMatchObject({ frames: [found], discarded: 5 })
    expect(cut(0x02, '71', 0x03, ...good).frames).toEqual([{ ...found, text: '71', intact: false }, found])
  })

  test('that never ends is thrown away before it fills the memory', () => {
    const endless = cut(0x02, '9'.repeat(5_000))
    expect(endless).toMatchObject({ frames: [], discarded: 5_001 })
    expect(endless.pending).toHaveLength(0)
  })
})
