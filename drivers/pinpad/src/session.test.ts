// The exchange with a pad, byte by byte and tick by tick: what is sent when, and what an end means.
import { describe, expect, test } from 'vitest'
import { packetBytes } from './frames.ts'
import { PadSession, type Reaction, type Step } from './session.ts'

const [ACK, NAK, EOT] = [Uint8Array.of(6), Uint8Array.of(0x15), Uint8Array.of(4)]
const CANCEL = packetBytes('72')
const REQUEST = packetBytes('Z60.4012345678909\u001cDUKPT ENCRYPTION')
const TEXT = '73.000009876543210E000011B9C1845EB993A7A'
const BLOCK = packetBytes(TEXT)
const SPOILT = BLOCK.map((byte, at) => (at === 12 ? byte ^ 1 : byte))
const TIMES = { ackMs: 3_000, settleMs: 300, entryMs: 60_000 }
const ENTRY: readonly Step[] = [{ bytes: REQUEST, until: 'answer' }]

/** A session whose pad was told to stop, and whose request is on the wire. */
function requested(): PadSession {
  const session = new PadSession(TIMES)
  expect(session.start(ENTRY, -300).send).toEqual([CANCEL])
  expect(session.bytes(ACK, -300).send).toEqual([])
  expect(session.bytes(EOT, -300).send).toEqual([])
  expect(session.tick(-1).send).toEqual([])
  expect(session.tick(0).send).toEqual([REQUEST])
  return session
}

/** The same, and the pad took the request. */
function waiting(): PadSession {
  const session = requested()
  session.bytes(ACK, 0)
  return session
}

const ended = (reaction: Reaction): string => reaction.end?.how ?? 'goes on'

describe('an entry', () => {
  test('begins with a cancel, and with a silent line where something may still come', () => {
    const session = waiting()
    const answered = session.bytes(BLOCK, 0)
    expect(answered).toEqual({
      send: [ACK],
      end: { how: 'answered', text: TEXT },
    })
    expect(session.deadlineMs).toBeUndefined()
    expect(session.start(ENTRY, 0).send).toEqual([CANCEL])
    session.bytes(ACK, 0)
    expect(session.bytes(EOT, 0).send).toEqual([REQUEST])
    session.lost()
    expect(session.start(ENTRY, 0).send).toEqual([CANCEL])
    session.bytes(ACK, 0)
    expect(session.bytes(EOT, 0).send).toEqual([])
    expect(session.tick(300).send).toEqual([REQUEST])
  })

  test('is not asked while the line still brings what was before, and is given up if that never ends', () => {
    const session = waiting()
    session.lost()
    session.start(ENTRY, 0)
    for (const nowMs of [100, 350, 600]) expect(session.bytes(ACK, nowMs)).toEqual({ send: [] })
    expect(session.tick(899).send).toEqual([])
    expect(session.tick(900).send).toEqual([REQUEST])
    const restless = waiting()
    restless.lost()
    restless.start(ENTRY, 0)
    const ends = Array.from({ length: 60 }, (_, turn) => ended(restless.bytes(ACK, turn * 200)))
    expect(ends.indexOf('silent')).toBe(30)
  })

  test('old acknowledgements never open the door to the answer of the entry before', () => {
    // The line stood still: the pad took everything, and all that it said comes at once.
    const session = waiting()
    session.tick(60_000)
    for (const nowMs of [63_000, 66_000]) session.tick(nowMs)
    expect(ended(session.tick(69_000))).toBe('silent')
    expect(session.start(ENTRY, 69_000).send).toEqual([CANCEL])
    for (const nowMs of [72_000, 75_000]) expect(session.tick(nowMs).send).toEqual([CANCEL])
    const { send, strays, end } = session.bytes(
      Uint8Array.from([...BLOCK, ...ACK, ...EOT, ...ACK, ...BLOCK, ...ACK, ...ACK, ...EOT, ...BLOCK]),
      76_000,
    )
    expect(send).toEqual([ACK, ACK, ACK])
    expect(strays).toHaveLength(3)
    expect(end).toBeUndefined()
    expect(session.tick(76_300).send).toEqual([REQUEST])
    expect(session.bytes(BLOCK, 76_301)).toMatchObject({ strays: [expect.stringContaining('73.')] })
  })

  test('is not asked of a pad that does not take the cancel of the one before', () => {
    const session = waiting()
    session.lost()
    session.start(ENTRY, 0)
    for (const nowMs of [3_000, 6_000]) expect(session.tick(nowMs).send).toEqual([CANCEL])
    expect(ended(session.tick(9_000))).toBe('silent')
    expect(session.start(ENTRY, 9_000).send).toEqual([CANCEL])
    const reopened = new PadSession(TIMES, session.owing)
    reopened.start(ENTRY, 0)
    expect(reopened.tick(3_000).send).toEqual([CANCEL])
  })

  test('goes on where a pad does not know the cancel', () => {
    const session = new PadSession(TIMES)
    session.start(ENTRY, 0)
    for (const nowMs of [3_000, 6_000]) expect(session.tick(nowMs).send).toEqual([CANCEL])
    expect(session.tick(9_000).send).toEqual([REQUEST])
  })

  test('goes on soon where a pad ends its session without acknowledging the cancel', () => {
    const session = new PadSession(TIMES)
    session.start(ENTRY, 0)
    expect(session.bytes(EOT, 10)).toEqual({ send: [] })
    expect(session.bytes(ACK, 20)).toEqual({ send: [] })
    expect(session.tick(320).send).toEqual([REQUEST])
    expect(ended(session.bytes(Uint8Array.of(6, 4), 330))).toBe('ended-by-pad')
  })

  test('is asked three times, and then given up', () => {
    const session = requested()
    expect(session.tick(3_000).send).toEqual([REQUEST])
    expect(session.bytes(NAK, 3_500).send).toEqual([REQUEST])
    expect(ended(session.tick(6_500))).toBe('silent')
    const refused = requested()
    refused.bytes(NAK, 0)
    refused.bytes(NAK, 0)
    expect(refused.bytes(NAK, 0)).toEqual({ send: [EOT], end: { how: 'not-taken' } })
  })

  test('ends with the EOT of the pad, but not with one from before', () => {
    expect(ended(waiting().bytes(EOT, 0))).toBe('ended-by-pad')
    const session = requested()
    expect(ended(session.bytes(EOT, 0))).toBe('goes on')
    session.bytes(ACK, 0)
    expect(ended(session.bytes(BLOCK, 0))).toBe('answered')
  })

  test('that is answered with EOT alone was ended by the pad', () => {
    const session = requested()
    for (const nowMs of [1, 3_001, 6_001]) {
      session.bytes(EOT, nowMs)
      session.tick(session.deadlineMs ?? 0)
    }
    expect(session.deadlineMs).toBeUndefined()
  })

  test('throws an answer away that comes before the pad took the request', () => {
    const session = requested()
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK], strays: [TEXT] })
    session.bytes(ACK, 0)
    expect(session.counts.strays).toBe(1)
    expect(ended(session.bytes(BLOCK, 0))).toBe('answered')
  })

  test('acknowledges an answer that is sent again, and is not moved by it', () => {
    const session = waiting()
    session.bytes(BLOCK, 0)
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK], strays: [TEXT] })
  })

  test('is answered by what came twice at once, but not by what came before it, too', () => {
    const session = waiting()
    const end = { how: 'answered', text: TEXT }
    expect(session.bytes(Uint8Array.from([...BLOCK, ...BLOCK]), 0)).toEqual({ send: [ACK, ACK], end })
    expect(session.unclean).toBe(true)
    const early = requested()
    const both = Uint8Array.from([...BLOCK, ...ACK, ...BLOCK])
    expect(early.bytes(both, 0)).toEqual({ send: [ACK, ACK], end, strays: [TEXT] })
  })

  test('has a garbled answer repeated twice', () => {
    const session = waiting()
    expect(session.bytes(SPOILT, 0)).toEqual({ send: [NAK] })
    expect(session.bytes(SPOILT, 0)).toEqual({ send: [NAK] })
    expect(ended(session.bytes(BLOCK, 0))).toBe('answered')
    const hopeless = waiting()
    hopeless.bytes(SPOILT, 0)
    hopeless.bytes(SPOILT, 0)
    expect(hopeless.bytes(SPOILT, 0)).toEqual({ send: [EOT], end: { how: 'garbled' } })
    expect(hopeless.start(ENTRY, 0).send).toEqual([CANCEL])
  })

  test('that takes too long is stopped, and its late answer still counts', () => {
    const session = waiting()
    expect(session.tick(60_000)).toEqual({ send: [CANCEL] })
    expect(ended(session.bytes(BLOCK, 60_001))).toBe('answered')
    expect(session.start(ENTRY, 60_002).send).toEqual([CANCEL])
    const gone = waiting()
    gone.tick(60_000)
    gone.bytes(ACK, 60_001)
    expect(ended(gone.bytes(EOT, 60_002))).toBe('silent')
  })

  test('ends by itself with a pad that says nothing more', () => {
    const session = waiting()
    session.stop(0)
    for (const nowMs of [3_000, 6_000]) expect(session.tick(nowMs)).toEqual({ send: [CANCEL] })
    expect(ended(session.tick(9_000))).toBe('silent')
  })

  test('stopped before the pad took it takes no answer', () => {
    const session = requested()
    session.stop(0)
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK], strays: [TEXT] })
    session.bytes(ACK, 0)
    expect(ended(session.tick(300))).toBe('stopped')
  })

  test('is found in a flood, to which not every packet is replied', () => {
    const session = waiting()
    const stray = packetBytes('99')
    const flood = Uint8Array.from([...Array.from({ length: 1_000 }, () => [...stray]).flat(), ...BLOCK])
    const { send, end } = session.bytes(flood, 0)
    expect(end).toMatchObject({ how: 'answered' })
    expect(send).toEqual(Array.from({ length: 17 }, () => ACK))
  })

  test('is lost with the line', () => {
    expect(ended(waiting().lost())).toBe('lost')
    expect(ended(new PadSession(TIMES).lost())).toBe('goes on')
  })
})
