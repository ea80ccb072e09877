// Frames and fields, read and written, and the tables behind them.
import { concatBytes, cutFrames, fromHex, hex } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeApdu, readBmps, ZVT_FRAMING } from './apdu.ts'
import { CHARSET_CODES, decodeText } from './charset.ts'
import { currencyDigits, currencyOf } from './currency.ts'
import { BMP_FORMATS, intermediateText, resultText } from './frames.ts'

const nothing = new Uint8Array(0)

describe('an APDU', () => {
  it('has one length byte up to 254 bytes, then FF and two, the low one first', () => {
    expect(hex(encodeApdu(0x0601, [1, 2]))).toBe('0601020102')
    expect(hex(encodeApdu(0x06d3, new Uint8Array(254)).subarray(0, 3))).toBe('06d3fe')
    expect(hex(encodeApdu(0x06d3, new Uint8Array(255)).subarray(0, 5))).toBe('06d3ffff00')
    expect(hex(encodeApdu(0x06d3, new Uint8Array(0x0139)).subarray(0, 5))).toBe('06d3ff3901')
  })

  it('is read back from a stream with others, whatever its length', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 600 }), fc.constantFrom(254, 255, 65_535)), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(sizes, fc.nat(), (lengths, seed) => {
        const stream = concatBytes(
          ...lengths.map(length => encodeApdu(0x040f, new Uint8Array(length).fill(7))),
        )
        const cut = seed % (stream.length + 1)
        const first = cutFrames(ZVT_FRAMING, nothing, stream.subarray(0, cut))
        const second = cutFrames(ZVT_FRAMING, first.pending, stream.subarray(cut))
        const frames = [...first.frames, ...second.frames]
        expect(frames.map(frame => (frame === 'not-zvt' ? -1 : frame.data.length))).toEqual(lengths)
        expect(second.pending).toHaveLength(0)
      }),
      { numRuns: 50 },
    )
  })

  it('of another protocol is recognised by its first byte', () => {
    expect(cutFrames(ZVT_FRAMING, nothing, new TextEncoder().encode('HTTP/1.1 400')).frames).toEqual([
      'not-zvt',
    ])
  })
})

describe('a block of BMPs', () => {
  it('is read in any order, with every kind of length', () => {
    const { fields, whole } = readBmps(
      fromHex('8bf0f14d 3cf0f0f2 4142 2700 22f1f0 12345678901234567890 0602 0700'),
    )
    expect(fields.map(field => [field.bmp.toString(16), hex(field.value)])).toEqual([
      ['8b', '4d'],
      ['3c', '4142'],
      ['27', '00'],
      ['22', '12345678901234567890'],
      ['6', '0700'],
    ])
    expect(whole).toBe(true)
  })

  it('knows the length of every BMP in the tables', () => {
    for (const [bmp, format] of BMP_FORMATS) {
      const head = { LL: 'f0f3', LLL: 'f0f0f3', TLV: '03' }[String(format)] ?? ''
      const content = '11'.repeat(typeof format === 'number' ? format : 3)
      const block = readBmps(fromHex(`${bmp.toString(16).padStart(2, '0')}${head}${content}490978`))
      expect(block.whole, bmp.toString(16)).toBe(true)
      expect(hex(block.fields[0]?.value ?? nothing)).toBe(content)
    }
  })

  it('keeps what it read before something that is cut off', () => {
    const { fields, whole } = readBmps(fromHex('2700 0400000000'))
    expect(fields.map(field => field.bmp)).toEqual([0x27])
    expect(whole).toBe(false)
  })

  it('never throws, and never reads past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), bytes => {
        const total = readBmps(bytes).fields.reduce((sum, field) => sum + field.value.length + 1, 0)
        expect(total).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('text', () => {
  it('is decoded by each character set', () => {
    expect(decodeText(fromHex('8e 99 9a 84 94 81 e1'), 'cp437')).toBe('ÄÖÜäöüß')
    expect(decodeText(fromHex('5b 5c 5d 7b 7c 7d 7e 41'), '7-bit')).toBe('ÄÖÜäöüßA')
    expect(decodeText(fromHex('c4 e9'), 'iso-8859-1')).toBe('Äé')
    expect(decodeText(fromHex('a4'), 'iso-8859-15')).toBe('€')
    expect(decodeText(fromHex('c3 84 ff'), 'utf-8')).toBe('Ä\ufffd')
    expect(CHARSET_CODES['iso-8859-15']).toBe(15)
  })

  it('holds no control characters that a printer would obey', () => {
    expect(decodeText(fromHex('41 1b 69 00 0a 42'), 'cp437')).toBe('A i \nB')
  })

  it('has a meaning for every result code and every state', () => {
    for (let code = 0; code <= 0xff; code += 1) {
      expect(resultText(code)).not.toBe('')
      expect(intermediateText(code)).not.toBe('')
    }
    expect(intermediateText(0x4a)).toBe('Insert card. Remove card')
    expect(intermediateText(0x4b)).toBe('Remove card')
    expect(resultText(0x05)).toContain('declined')
  })

  it('knows currencies both ways', () => {
    expect(currencyDigits('CHF')).toBe('0756')
    expect(currencyOf('0756')).toBe('CHF')
    expect(currencyOf('0999')).toBe('0999')
    expect(currencyDigits('XXX')).toBeUndefined()
  })
})
