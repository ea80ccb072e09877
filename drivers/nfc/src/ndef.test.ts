// NDEF messages: every kind of record, and every way in which one can be damaged.
import { concatBytes, fromHex } from '@cashdesk/kernel'
import { describe, expect, it } from 'vitest'
import { readNdef } from './ndef.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('an NDEF message', () => {
  it('holds a URI with its abbreviation', () => {
    const message = concatBytes(fromHex('D1010C5504'), bytes('example.com'))
    expect(readNdef(message)).toEqual({ records: [{ kind: 'uri', uri: 'https://example.com' }] })
  })

  it('holds a text in UTF-8 with its language', () => {
    const message = concatBytes(fromHex('D1010A54 02'), bytes('deGrüße'))
    expect(readNdef(message).records).toEqual([{ kind: 'text', text: 'Grüße', language: 'de' }])
  })

  it('holds a text in UTF-16, in either byte order', () => {
    const record = { kind: 'text', text: 'hé', language: 'en' }
    expect(readNdef(fromHex('D1010754 82 656E 006800E9')).records).toEqual([record])
    expect(readNdef(fromHex('D1010954 82 656E FFFE6800E900')).records).toEqual([record])
    expect(readNdef(fromHex('D1010954 82 656E FEFF006800E9')).records).toEqual([record])
  })

  it('holds MIME data, an external type, an absolute URI and an unknown type', () => {
    const parts = [
      concatBytes(fromHex('920A02'), bytes('text/plain'), bytes('hi')),
      concatBytes(fromHex('140501'), bytes('a.b:c'), [7]),
      concatBytes(fromHex('130500'), bytes('urn:x')),
      concatBytes(fromHex('550001'), [9]),
    ]
    expect(readNdef(concatBytes(...parts))).toEqual({
      records: [
        { kind: 'mime', type: 'text/plain', data: '6869' },
        { kind: 'external', type: 'a.b:c', data: '07' },
        { kind: 'uri', uri: 'urn:x' },
        { kind: 'other', type: '', data: '09' },
      ],
    })
  })

  it('holds a smart poster, whose own message is read', () => {
    const inside = concatBytes(fromHex('9101035504'), bytes('a.'), fromHex('51010454 02'), bytes('enx'))
    const message = concatBytes([0xd1, 0x02, inside.length], bytes('Sp'), inside)
    expect(readNdef(message).records).toEqual([
      {
        kind: 'smart-poster',
        records: [
          { kind: 'uri', uri: 'https://a.' },
          { kind: 'text', text: 'x', language: 'en' },
        ],
      },
    ])
  })

  it('does not follow a poster into a poster', () => {
    const innermost = concatBytes(fromHex('D1010354 02'), bytes('en'))
    const middle = concatBytes([0xd1, 0x02, innermost.length], bytes('Sp'), innermost)
    const outer = concatBytes([0xd1, 0x02, middle.length], bytes('Sp'), middle)
    expect(readNdef(outer).records[0]).toMatchObject({
      kind: 'smart-poster',
      records: [{ kind: 'other', type: 'Sp' }],
    })
  })

  it('puts the chunks of a record together', () => {
    const message = concatBytes(
      fromHex('B1010255 04'),
      bytes('a'),
      fromHex('360001'),
      bytes('b'),
      fromHex('560001'),
      bytes('c'),
    )
    expect(readNdef(message)).toEqual({ records: [{ kind: 'uri', uri: 'https://abc' }] })
  })

  it('with an id keeps its data apart from it', () => {
    expect(readNdef(concatBytes(fromHex('D9010302'), bytes('Uid'), [4], bytes('xy'))).records).toEqual([
      { kind: 'uri', uri: 'https://xy' },
    ])
  })

  it('may be empty, in both ways in which tags say so', () => {
    expect(readNdef(new Uint8Array(0))).toEqual({ records: [] })
    expect(readNdef(fromHex('D00000'))).toEqual({ records: [] })
  })

  it.each([
    ['no beginning', '51010155', 0],
    ['a second beginning', '910101550091010155', 5],
    ['no end', '9101015500', 5],
    ['a header that is cut off', 'C1', 0],
    ['a record longer than the message', 'D101FF5504', 0],
    ['a huge record', 'C101FFFFFFFF5500', 0],
    ['a chunk without a beginning', 'D6000100', 0],
    ['an end in mid-record', 'F1010155 00', 0],
    ['bytes behind the end', 'D10101550099', 5],
    ['a language longer than the text', 'D101015405', 0],
    ['a text that is no UTF-8', 'D101025400FF', 0],
    ['a reserved kind', 'D7000100', 0],
  ])('with %s is read up to the mistake', (_what, hexText, offset) => {
    expect(readNdef(fromHex(hexText)).problem?.offset).toBe(offset)
  })

  it('keeps what stood before a mistake', () => {
    const message = concatBytes(fromHex('9101035504'), bytes('a.'), fromHex('5101FF55'))
    expect(readNdef(message)).toMatchObject({ records: [{ uri: 'https://a.' }], problem: { offset: 7 } })
  })

  it('is read up to a number of records', () => {
    const many = concatBytes(
      fromHex('910101550 0'.replace(' ', '')),
      ...Array.from({ length: 100 }, () => fromHex('1101015500')),
    )
    expect(readNdef(many).records).toHaveLength(64)
  })
})
