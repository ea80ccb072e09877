// Proves the byte tools against published values and by going there and back over random bytes, cut anywhere.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bcdDecode,
  bcdEncode,
  type Cut,
  concatBytes,
  crc16Kermit,
  cutFrames,
  type Framing,
  findTlv,
  fromHex,
  hex,
  isConstructed,
  lrc,
  readTlvLength,
  readTlvs,
  tlvLength,
  writeTlv,
} from './bytes.ts'
import { CashdeskError } from './errors.ts'

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'nothing thrown'
  } catch (thrown) {
    return thrown instanceof CashdeskError ? thrown.code : String(thrown)
  }
}

describe('hexadecimal', () => {
  it('reads what it writes', () => {
    fc.assert(fc.property(fc.uint8Array(), bytes => hex(fromHex(hex(bytes))) === hex(bytes)))
  })

  it('ignores blanks and case, and refuses what is no hexadecimal', () => {
    expect(fromHex(' 06 0F\n00 ')).toEqual(Uint8Array.of(6, 15, 0))
    expect(codeOf(() => fromHex('060'))).toBe('value.malformed')
    expect(codeOf(() => fromHex('0g'))).toBe('value.malformed')
  })

  it('joins bytes and lists of numbers in order', () => {
    expect(hex(concatBytes(Uint8Array.of(1), [], [2, 3], Uint8Array.of(4)))).toBe('01020304')
  })
})

describe('packed BCD', () => {
  it('puts zeros in front', () => {
    expect(hex(bcdEncode(1999, 6))).toBe('000000001999')
    expect(hex(bcdEncode('0978', 2))).toBe('0978')
  })

  it('keeps leading zeros and every digit on the way back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), value => {
        expect(Number(bcdDecode(bcdEncode(value, 6)))).toBe(value)
        expect(bcdDecode(bcdEncode(value, 6))).toHaveLength(12)
      }),
    )
  })

  it('refuses a number that does not fit, is negative or has a fraction', () => {
    expect(codeOf(() => bcdEncode(1_000_000_000_000, 6))).toBe('value.malformed')
    expect(codeOf(() => bcdEncode(-1, 6))).toBe('value.malformed')
    expect(codeOf(() => bcdEncode(1.5, 6))).toBe('value.malformed')
    expect(codeOf(() => bcdEncode(1e21, 20))).toBe('value.malformed')
  })

  it('says undefined for a nibble that is no digit', () => {
    expect(bcdDecode(fromHex('12ee'))).toBeUndefined()
  })
})

describe('BER-TLV', () => {
  it('writes lengths in one, two and three bytes', () => {
    expect(hex(tlvLength(0x7f))).toBe('7f')
    expect(hex(tlvLength(0x80))).toBe('8180')
    expect(hex(tlvLength(0x100))).toBe('820100')
    expect(codeOf(() => tlvLength(0x10000))).toBe('value.malformed')
  })

  it('reads what it writes, whatever the tag and length', () => {
    const tag = fc.constantFrom(0x07, 0x1f07, 0x25, 0xe4, 0x1f8110)
    const item = fc.record({ tag, value: fc.uint8Array({ maxLength: 300 }) })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), items => {
        const read = readTlvs(concatBytes(...items.map(one => writeTlv(one.tag, one.value))))
        expect(read.items.map(one => [one.tag, hex(one.value)])).toEqual(
          items.map(one => [one.tag, hex(one.value)]),
        )
        expect(read.rest).toHaveLength(0)
      }),
    )
  })

  it('never throws on random bytes, and accounts for every one of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        const { items, rest } = readTlvs(bytes)
        expect(rest.length).toBeLessThanOrEqual(bytes.length)
        if (items.length === 0) expect(hex(rest)).toBe(hex(bytes))
      }),
    )
  })

  it('stops at a cut-off object and at a length form that does not exist', () => {
    expect(hex(readTlvs(fromHex('070141 0702 41')).rest)).toBe('070241')
    expect(readTlvLength(fromHex('80'), 0)).toBeUndefined()
    expect(readTlvLength(fromHex('83000001'), 0)).toBeUndefined()
    expect(readTlvLength(fromHex('8201'), 0)).toBeUndefined()
    expect(hex(readTlvs(fromHex('1f')).rest)).toBe('1f')
    expect(hex(readTlvs(fromHex('1fffffff0100')).rest)).toBe('1fffffff0100')
  })

  it('finds an object inside containers, and knows which tags are containers', () => {
    const { items } = readTlvs(writeTlv(0xe4, writeTlv(0x2f, writeTlv(0x1f10, [7]))))
    expect(findTlv(items, 0x1f10)).toEqual(Uint8Array.of(7))
    expect(findTlv(items, 0x1f11)).toBeUndefined()
    expect(isConstructed(0x25)).toBe(true)
    expect(isConstructed(0x1f07)).toBe(false)
  })

  it('does not descend for ever', () => {
    let nested = writeTlv(0x07, [1])
    for (let level = 0; level < 60; level += 1) nested = writeTlv(0x25, nested)
    expect(findTlv(readTlvs(nested).items, 0x07)).toBeUndefined()
  })
})

describe('checks', () => {
  const digits = new TextEncoder().encode('123456789')

  it('computes CRC-16/KERMIT and LRC', () => {
    expect(crc16Kermit(digits)).toBe(0x2189)
    expect(crc16Kermit(new Uint8Array(0))).toBe(0)
    expect(lrc(digits)).toBe(0x31)
  })

  it('notices every single flipped bit', () => {
    for (let bit = 0; bit < digits.length * 8; bit += 1) {
      const flipped = digits.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(crc16Kermit(flipped)).not.toBe(0x2189)
      expect(lrc(flipped)).not.toBe(0x31)
    }
  })
})

describe('the bounded framer', () => {
  /** A length byte and that many bytes; 0xff belongs to nothing. */
  const counted: Framing<string> = {
    limitBytes: 8,
    next(buffer): Cut<string> {
      const length = buffer[0] ?? 0
      if (length === 0xff) return { cut: 'discard', used: 1 }
      if (buffer.length < length + 1) return { cut: 'more' }
      return { cut: 'frame', frame: hex(buffer.subarray(1, length + 1)), used: length + 1 }
    },
  }
  const nothing = new Uint8Array(0)

  it('gives the same frames however the stream is cut', () => {
    const stream = fromHex('02aabb 00 01cc ff 03ddeeff')
    const whole = cutFrames(counted, nothing, stream)
    expect(whole).toEqual({ frames: ['aabb', '', 'cc', 'ddeeff'], pending: nothing, discarded: 1 })
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const first = cutFrames(counted, nothing, stream.subarray(0, cut))
      const second = cutFrames(counted, first.pending, stream.subarray(cut))
      expect([...first.frames, ...second.frames]).toEqual(whole.frames)
      expect(first.discarded + second.discarded).toBe(1)
    }
  })

  it('keeps no more than its limit of a frame that never ends', () => {
    const kept = cutFrames(counted, nothing, fromHex('fe01020304050607'))
    expect(kept.pending).toHaveLength(8)
    const over = cutFrames(counted, kept.pending, fromHex('08'))
    expect(over).toEqual({ frames: [], pending: nothing, discarded: 9 })
  })
})
