// The bytes of headers and frames: they come back as they were put, and no changed bit goes unseen.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFrame,
  decodeHeader,
  decodePayload,
  encodeHeader,
  exceeds,
  type FrameHead,
  frameBytes,
  frameBytesAtMost,
  HEADER_BYTES,
  KIND,
  payloadOf,
  putPayload,
  sealFrame,
  viewOf,
} from './format.ts'

const head: FrameHead = { kind: KIND.step, sequence: 2 ** 40 + 5, batch: 2 ** 33 + 7, last: true, epoch: 9 }

function frameOf(content: unknown, dirt = 0): Uint8Array {
  const text = payloadOf(content)
  const bytes = new Uint8Array(frameBytesAtMost(text)).fill(dirt)
  const end = sealFrame(bytes, viewOf(bytes), 0, head, putPayload(bytes, 0, text))
  return bytes.slice(0, end)
}

const header = { segment: 7, bytes: 65_536, epoch: 3, identity: 'machine:42' }
const codeOf = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  }
  return 'none'
}

describe('a frame', () => {
  it('comes back as it was put, for any JSON, whatever the buffer held before', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(255), (content, dirt) => {
        const bytes = frameOf({ content }, dirt)
        const frame = decodeFrame(bytes, viewOf(bytes), 0)
        expect(frame).toMatchObject({ ...head, next: bytes.length })
        if (frame !== undefined) expect(payloadOf(decodePayload(bytes, frame))).toBe(payloadOf({ content }))
      }),
    )
  })

  it('starts and ends on a multiple of eight bytes', () => {
    for (let size = 0; size < 20; size += 1) expect(frameBytes(size) % 8).toBe(0)
    expect(frameBytes(1)).toBe(48)
  })

  it('is no frame with any one bit changed, or with any byte of its end missing', () => {
    const bytes = frameOf({ text: 'Käse €' })
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = bytes.slice()
      changed[Math.floor(bit / 8)] = (bytes[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8))
      expect(decodeFrame(changed, viewOf(changed), 0), `bit ${bit}`).toBeUndefined()
    }
    for (let length = 0; length < bytes.length; length += 1) {
      const part = bytes.slice(0, length)
      expect(decodeFrame(part, viewOf(part), 0), `length ${length}`).toBeUndefined()
    }
  })

  it('is not found in zeros', () => {
    const zeros = new Uint8Array(256)
    expect(decodeFrame(zeros, viewOf(zeros), 0)).toBeUndefined()
  })
})

describe('a payload', () => {
  it('is refused with a code when JSON cannot hold it', () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(codeOf(() => payloadOf(loop))).toBe('value.malformed')
    expect(codeOf(() => payloadOf(undefined))).toBe('value.malformed')
  })

  it('is measured in bytes, not in letters', () => {
    expect(exceeds('€€€', 9)).toBe(false)
    expect(exceeds('€€€', 8)).toBe(true)
    expect(exceeds('eee', 3)).toBe(false)
    expect(exceeds('eeee', 3)).toBe(true)
  })
})

describe('a segment header', () => {
  it('comes back as it was put', () => {
    expect(decodeHeader(encodeHeader(header), header.bytes, 'f')).toEqual(header)
  })

  it('is damaged with any one byte changed, and says so', () => {
    const bytes = encodeHeader(header)
    for (let at = 0; at < HEADER_BYTES; at += 1) {
      const changed = bytes.slice()
      changed[at] = (bytes[at] ?? 0) ^ 0x10
      expect(codeOf(() => decodeHeader(changed, header.bytes, 'f'))).toBe('journal.damaged')
    }
  })

  it('of another kind of file, or of a later format, is not ours', () => {
    expect(codeOf(() => decodeHeader(new Uint8Array(HEADER_BYTES).fill(32), 65_536, 'f'))).toBe(
      'journal.not-ours',
    )
    expect(codeOf(() => decodeHeader(new Uint8Array(3), 3, 'f'))).toBe('journal.not-ours')
  })

  it('belongs to a file of its length', () => {
    expect(codeOf(() => decodeHeader(encodeHeader(header), 65_000, 'f'))).toBe('journal.damaged')
  })
})
