// The exchange with a pad, byte by byte and tick by tick: what is sent when, and what an end means.
import { describe, expect, test } from 'vitest'
import { packetBytes } from './frames.ts'
import { PadSession, type Reaction, type Step } from './session.ts'

const [ACK, NAK, EOT] = [Uint8Array.of(6), Uint8Array.of(0x15), Uint8Array.of(4)]
const CANCEL = packetBytes('72')
const REQUEST = packetBytes('Z60.4012345678909\u001cDUKPT ENCRYPTION')
const BLOCK = packetBytes('73.000009876543210E000011B9C1845EB993A7A')
const SPOILT = BLOCK.map((byte, at) => (at === 12 ? byte ^ 1 : byte))
const TIMES = { ackMs: 3_000, settleMs: 300, entryMs: 60_000 }
const ENTRY: readonly Step[] = [{ bytes: REQUEST, until: 'answer' }]

/** A session whose pad was told to stop, and whose request is on the wire. */
function requested(): PadSession {
  const session = new PadSession(TIMES)
  expect(session.start(ENTRY, 0).send).toEqual([CANCEL])
  expect(session.bytes(ACK, 0).send).toEqual([])
  expect(session.bytes(EOT, 0).send).toEqual([REQUEST])
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
  test('begins with a cancel on a fresh line, and only there', () => {
    const session = waiting()
    const answered = session.bytes(BLOCK, 0)
    expect(answered).toEqual({
      send: [ACK],
      end: { how: 'answered', text: '73.000009876543210E000011B9C1845EB993A7A' },
    })
    expect(session.deadlineMs).toBeUndefined()
    expect(session.start(ENTRY, 0).send).toEqual([REQUEST])
    session.lost()
    expect(session.start(ENTRY, 0).send).toEqual([CANCEL])
  })

  test('goes on where a pad does not know the cancel', () => {
    const session = new PadSession(TIMES)
    session.start(ENTRY, 0)
    expect(session.tick(2_999).send).toEqual([])
    expect(session.tick(3_000).send).toEqual([REQUEST])
  })

  test('goes on soon where a pad ends its session without acknowledging the cancel', () => {
    const session = new PadSession(TIMES)
    session.start(ENTRY, 0)
    expect(session.bytes(EOT, 10)).toEqual({ send: [] })
    expect(session.bytes(ACK, 20)).toEqual({ send: [] })
    expect(session.tick(310).send).toEqual([REQUEST])
    expect(ended(session.bytes(Uint8Array.of(6, 4), 320))).toBe('ended-by-pad')
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
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK] })
    session.bytes(ACK, 0)
    expect(session.counts.strays).toBe(1)
    expect(ended(session.bytes(BLOCK, 0))).toBe('answered')
  })

  test('acknowledges an answer that is sent again, and is not moved by it', () => {
    const session = waiting()
    session.bytes(BLOCK, 0)
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK] })
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
    expect(session.bytes(BLOCK, 0)).toEqual({ send: [ACK] })
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
