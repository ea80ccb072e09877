// Captures as people read them: names, exact places, what is wrong, and nothing that may not be seen.
import { fromHex } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { message } from '../test/node-serial-box.ts'
import { APPROVED, ascii, COMPLETED, frame, tlv } from '../test/talk.ts'
import { type ExplainedField, explainZvt } from './explain.ts'
import { BMP_KINDS } from './fields.ts'
import { BMP_FORMATS } from './frames.ts'
import { TAG_KINDS } from './tags.ts'

const explain = (digits: string): ReturnType<typeof explainZvt> => explainZvt(fromHex(digits))
const flat = (fields: readonly ExplainedField[]): readonly ExplainedField[] =>
  fields.flatMap(field => [field, ...flat(field.fields ?? [])])
const named = (digits: string): readonly string[] =>
  flat(explain(digits).fields).map(({ name, value, meaning }) => [name, value, meaning ?? ''].join('|'))

test('a card number that is packed into a text is not shown in hexadecimal either', () => {
  const said = JSON.stringify(explain(frame('06d1', '00 4111111111111111')))
  expect(said).not.toContain('4111111111111111')
})

describe('a bare APDU', () => {
  test('is explained field by field, each at its place', () => {
    const { kind, fields, problems } = explain(APPROVED)
    expect(kind).toBe('ZVT APDU 04 0F')
    expect(problems).toEqual([])
    expect(fields).toHaveLength(1)
    expect(fields[0]).toMatchObject({ offset: 0, length: APPROVED.length / 2, value: 'status information' })
    expect(fields[0]?.fields?.slice(0, 4)).toEqual([
      { offset: 3, length: 2, name: 'BMP 27 result code', value: '00', hex: '2700', meaning: 'ok' },
      { offset: 5, length: 7, name: 'BMP 04 amount', value: '000000001999', hex: '04000000001999' },
      { offset: 12, length: 3, name: 'BMP 49 currency', value: '0978', hex: '490978', meaning: 'EUR' },
      { offset: 15, length: 4, name: 'BMP 0B trace number', value: '000152', hex: '0b000152' },
    ])
  })

  test('of each kind has its own fixed fields', () => {
    expect(named(frame('0600', '123456 9e 0978 0606 2604 0a02 06d3'))).toEqual([
      'APDU 06 00|registration|',
      'password|3 bytes, not shown|',
      'config byte|9e|',
      'currency|0978|EUR',
      'BMP 06 container||',
      'tag 26 permitted commands||',
      'tag 0A command|06d3|print block',
    ])
    expect(named('04ff020a03')).toContain('status|0a|Insert card')
    expect(named('846c00')).toEqual(['APDU 84 6C|negative answer|cancelled, or nobody acted in time'])
    expect(named('060f0100')).toContain('state|00|ready')
    expect(named(frame('060f', 'f0f0f3312e32 9c'))).toEqual([
      'APDU 06 0F|completion|',
      'software version|1.2|',
      'state|9c|busy',
    ])
    expect(named(frame('06d1', `40${ascii('HALLO')}`))).toContain('text|HALLO|')
    expect(named(frame('06d3', tlv('06', tlv('1f07', '02'))))).toContain(
      'tag 1F07 kind of receipt|02|customer',
    )
  })

  test('may be one of several in one capture', () => {
    const { kind, fields } = explain(`800000${APPROVED}${COMPLETED}`)
    expect(kind).toBe('3 ZVT APDUs')
    expect(fields.map(({ offset, value }) => [offset, value])).toEqual([
      [0, 'positive answer'],
      [3, 'status information'],
      [3 + APPROVED.length / 2, 'completion'],
    ])
  })

  test('that is cut off, holds an unknown BMP, no digits or a cut object says so and where', () => {
    expect(explain(APPROVED.slice(0, -8)).problems).toMatchObject([
      { offset: 0, what: expect.stringContaining('cut off') },
      { what: expect.stringContaining('BMP 29 is cut off') },
    ])
    expect(explain(frame('040f', '2700 7e01')).problems).toEqual([
      { offset: 5, what: 'BMP 7E is not in the specification' },
    ])
    expect(explain(frame('040f', '04 0000000019ff')).problems).toMatchObject([{ offset: 4, length: 6 }])
    expect(explain(frame('040f', '06 03 1f0705')).problems).toEqual([
      { offset: 5, what: 'a TLV object is cut off' },
    ])
    expect(explain('ffffff').problems).toEqual([{ offset: 0, length: 3, what: 'this is no ZVT command' }])
  })

  test('does not show what may not be seen', () => {
    const secrets = frame(
      '040f',
      `22f0f8 4711081512345678 23f0f4 47110815 3a 1234 ${tlv('06', tlv('1f31', '12345678'), tlv('07', ascii('PAN 4711081512345678')))}`,
    )
    const shown = JSON.stringify(explain(secrets))
    for (const secret of ['47110815', '1234567', ascii('47110815')]) expect(shown).not.toContain(secret)
    expect(shown).toContain('************5678')
    expect(JSON.stringify(explain('062003135790'))).not.toContain('135790')
  })
})

describe('a serial line', () => {
  test('is explained with its acknowledgements and checks, doubled bytes counted in places', () => {
    const pay = '06010a04000000001000490978'
    const { kind, fields, problems } = explain(`06${message(pay)}15`)
    expect(kind).toBe('ZVT on a serial line')
    expect(problems).toEqual([])
    const end = 1 + message(pay).length / 2
    expect(fields.map(({ name, offset, length, meaning }) => [name, offset, length, meaning])).toEqual([
      ['ACK', 0, 1, undefined],
      ['APDU 06 01', 3, 14, undefined],
      ['CRC', end - 2, 2, 'correct'],
      ['NAK', end, 1, undefined],
    ])
    // 10 10 stands for one byte inside the amount.
    expect(fields[1]?.fields?.[1]).toMatchObject({ name: 'BMP 49 currency', offset: 14 })
  })

  test('with a wrong check, noise or a message that is cut off says so', () => {
    const wrong = `${message(COMPLETED).slice(0, -4)}0000`
    expect(explain(wrong).problems).toMatchObject([{ offset: wrong.length / 2 - 2, length: 2 }])
    const noisy = `${message(COMPLETED)}ffee${message(COMPLETED)}`
    expect(explain(noisy).problems).toMatchObject([{ offset: message(COMPLETED).length / 2, length: 2 }])
    expect(explain(message(APPROVED).slice(0, 40)).problems[0]).toMatchObject({ offset: 0 })
  })
})

test('every BMP that the driver can measure has a name, and every tag one that fits its kind', () => {
  expect([...BMP_FORMATS.keys()].filter(bmp => !BMP_KINDS.has(bmp))).toEqual([])
  expect([...BMP_KINDS.keys()].filter(bmp => !BMP_FORMATS.has(bmp))).toEqual([])
  const constructed = [...TAG_KINDS].filter(([tag, { reads }]) => tag < 0x100 && reads === 'fields')
  for (const [tag] of constructed) expect(tag & 0x20, tag.toString(16)).toBe(0x20)
})
