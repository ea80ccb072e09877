// Star's status from its bytes: those of the specification's tables, and whatever a line can bring.
import { describe, expect, test } from 'vitest'
import { StarSession, starLength, starPicture } from './star-status.ts'

const heard = (...bytes: readonly number[]): StarSession => {
  const session = new StarSession()
  session.bytes(Uint8Array.from(bytes))
  return session
}

test.each([
  [0x0f, 7],
  [0x21, 8],
  [0x23, 9],
  [0x25, 10],
  [0x27, 11],
  [0x29, 12],
  [0x2b, 13],
  [0x2d, 14],
  [0x2f, 15],
])('a status that begins with %i has %i bytes', (header, length) => {
  expect(starLength(header)).toBe(length)
})

test.each([0x00, 0x01, 0x0d, 0x11, 0x13, 0x1f, 0x22, 0x33, 0xa3])('none begins with %i', byte => {
  expect(starLength(byte)).toBeUndefined()
})

describe('the picture', () => {
  test.each([
    [{ 2: 0x20 }, 'printer.cover-open', undefined],
    [{ 5: 0x08 }, 'printer.paper-out', undefined],
    [{ 3: 0x08 }, 'printer.error', 'cutter'],
    [{ 3: 0x20 }, 'printer.error', 'unrecoverable'],
    [{ 3: 0x04 }, 'printer.error', 'mechanical'],
    [{ 4: 0x40 }, 'printer.error', 'buffer overflow'],
    [{ 3: 0x40 }, 'printer.error', 'overheated or voltage'],
    [{ 2: 0x08 }, 'printer.error', 'offline'],
  ])('%j is %s %s', (bits, code, reason) => {
    const bytes = Object.assign([0x23, 0x06, 0, 0, 0, 0, 0, 0, 0], bits)
    const { trouble } = heard(...bytes).status
    expect([trouble?.code, trouble?.detail?.['reason']]).toEqual([code, reason])
  })

  test('near end is a warning, and the counter has five bits in two places', () => {
    const session = heard(0x23, 0x06, 0x02, 0, 0, 0x04, 0, 0x6e, 0)
    expect(session.status).toEqual({ online: true, cover: 'closed', paper: 'near-end', drawer: 'unknown' })
    expect(session.counter).toBe(31)
    expect(starPicture([0x23, 6, 0, 0, 0, 0, 0, 0x20, 0]).counter).toBe(8)
    expect(heard(0x0f, 0x02, 0, 0, 0, 0, 0).counter).toBeUndefined()
  })
})

test('a status in pieces, with the two bytes of its length, behind one that broke off', () => {
  const session = new StarSession()
  expect(session.bytes(Uint8Array.of(0x23, 0x06, 0x20))).toEqual({ statuses: 0, noise: 0 })
  expect(session.bytes(Uint8Array.of(0x23, 0x86, 0, 0, 0))).toEqual({ statuses: 0, noise: 3 })
  expect(session.bytes(Uint8Array.of(0, 0, 0x04, 0, 0))).toEqual({ statuses: 0, noise: 0 })
  expect(session.bytes(Uint8Array.of(0))).toEqual({ statuses: 1, noise: 0 })
  expect(session.counter).toBe(2)
  expect(session.status.cover).toBe('closed')
})

test('whatever comes, the next whole status but one is understood', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % below
  }
  const whole = [0x23, 0x06, 0, 0, 0, 0x08, 0, 0x0a, 0]
  for (let round = 0; round < Number(process.env['FUZZ'] ?? 2000); round += 1) {
    const session = new StarSession()
    session.bytes(Uint8Array.from({ length: random(80) }, () => random(256)))
    // What was begun takes as many bytes as it still lacks; none is longer than 33.
    for (let times = 0; times < 5; times += 1) session.bytes(Uint8Array.from(whole))
    expect(session.counter).toBe(5)
    expect(session.status.paper).toBe('out')
  }
})
