// What scans say. Example numbers are the ones GS1 uses in its own documents, or were computed by hand.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkDigit, gs1Date, type ReadCode, readCode } from './index.ts'

const GS = '\u001d'
const PEN = '4006381333931'

function gtinOf(code: ReadCode): string | undefined {
  return code.kind === 'gtin' ? code.gtin : undefined
}

describe('EAN and UPC', () => {
  test.each([
    [PEN, ']E0', PEN],
    [PEN, undefined, PEN],
    ['96385074', ']E4', '96385074'],
    ['96385074', undefined, '96385074'],
    ['036000291452', ']E0', '0036000291452'],
    ['036000291452', undefined, '0036000291452'],
    ['10614141000415', ']I1', '10614141000415'],
    ['04006381333931', undefined, PEN],
    [`${PEN}\r\n`, undefined, PEN],
    [`]E0${PEN}`, undefined, PEN],
  ])('%j with %s is the article %s', (text, aim, expected) => {
    expect(gtinOf(readCode(text, aim))).toBe(expected)
  })

  test.each([
    ['01234505', '0012000003455'], // last digit 0: 0-12-000-00345-5
    ['04252614', '0042100005264'], // last digit 1: the specification's own example
    ['01234531', '0012300000451'], // last digit 3
    ['01234543', '0012340000053'], // last digit 4
    ['01234565', '0012345000065'], // last digit 6
    ['425261', '0042100005264'],
    ['0425261', '0042100005264'],
  ])('UPC-E %s is %s when the reader says that it is of that family', (text, expected) => {
    expect(checkDigit(expected.slice(0, -1))).toBe(Number(expected.at(-1)))
    expect(gtinOf(readCode(text, ']E0'))).toBe(expected)
  })

  test('a wrong check digit is an error, but keeps the text for whoever waits for a serial', () => {
    for (const text of ['4006381333932', '96385075', '036000291453', '10614141000416']) {
      expect(readCode(text)).toMatchObject({ kind: 'invalid', text, error: { code: 'value.gtin' } })
    }
    expect(readCode('4006381333932', ']E0')).toMatchObject({ kind: 'invalid', error: { code: 'value.gtin' } })
    expect(readCode('40063813339', ']E0')).toMatchObject({ kind: 'invalid', error: { code: 'value.gtin' } })
  })

  test('thirteen digits in Code 128 or QR need not be an article number', () => {
    expect(readCode('4006381333932', ']C0')).toEqual({ kind: 'other', text: '4006381333932' })
    expect(readCode('4006381333932', ']Q1')).toEqual({ kind: 'other', text: '4006381333932' })
  })

  test('an add-on is read beside its number', () => {
    expect(readCode(`${PEN}05`, ']E3')).toEqual({ kind: 'gtin', gtin: PEN, addOn: '05' })
    expect(readCode(`${PEN}54495`, ']E3')).toEqual({ kind: 'gtin', gtin: PEN, addOn: '54495' })
  })

  test('an add-on is read beside UPC-A and UPC-E, too, whose zeros a scanner leaves out', () => {
    const [upcA, upcE] = ['036000291452', '01234565']
    for (const addOn of ['12', '54495']) {
      expect(readCode(`${upcA}${addOn}`, ']E3')).toEqual({ kind: 'gtin', gtin: `0${upcA}`, addOn })
      expect(readCode(`${upcE}${addOn}`, ']E3')).toEqual({ kind: 'gtin', gtin: '0012345000065', addOn })
    }
    expect(readCode('03600029145312', ']E3')).toMatchObject({ kind: 'invalid' })
    // The digits of an EAN-13 as well as of a UPC-E with five digits beside it.
    expect(readCode('0123456512344', ']E3')).toMatchObject({ kind: 'invalid' })
    expect(readCode(PEN, ']E3')).toEqual({ kind: 'gtin', gtin: PEN })
  })

  test('anything else is text', () => {
    for (const text of ['SN-0012-AB', '12345', 'äöü€', '', '(see back)', '123456789012345']) {
      expect(readCode(text)).toEqual({ kind: 'other', text })
    }
  })
})

describe('GS1 element strings', () => {
  test.each([']C1', ']d2', ']Q3', ']e0', ']J1'])('one scan behind %s carries article and serial', aim => {
    expect(readCode('0104006381333931211234567890', aim)).toEqual({
      kind: 'gtin',
      gtin: PEN,
      serial: '1234567890',
      elements: [
        { ai: '01', value: '04006381333931' },
        { ai: '21', value: '1234567890' },
      ],
    })
  })

  test('variable values end at FNC1, fixed ones need none', () => {
    const code = readCode(`10LOT-7${GS}17261231010400638133393121AB(1)${GS}30012`, ']d2')
    expect(code).toMatchObject({ kind: 'gtin', gtin: PEN, batch: 'LOT-7', expiry: '261231', serial: 'AB(1)' })
    expect(code).toHaveProperty('elements.4', { ai: '30', value: '012' })
  })

  test('a leading FNC1, brackets, or a separator inside mark it where the reader sends no identifier', () => {
    for (const text of [
      `${GS}0104006381333931217`,
      '(01)04006381333931(21)7',
      `010400638133393110L${GS}217`,
      '0104006381333931217',
    ]) {
      expect(readCode(text)).toMatchObject({ kind: 'gtin', gtin: PEN, serial: '7' })
    }
  })

  test('weights and prices keep the digit that places their decimal point', () => {
    expect(readCode('019061414100001532020001503922995', ']e0')).toMatchObject({
      kind: 'gtin',
      gtin: '90614141000015',
      elements: [{ ai: '01' }, { ai: '3202', value: '000150' }, { ai: '3922', value: '995' }],
    })
  })

  test('coupons, payment slips and service relations are read, though they name no article', () => {
    const gcn = `950600013431${checkDigit('950600013431')}`
    expect(readCode(`255${gcn}0042`, ']e0')).toMatchObject({ kind: 'other', elements: [{ ai: '255' }] })
    expect(readCode('8020RF18-5390', ']C1')).toMatchObject({ elements: [{ ai: '8020', value: 'RF18-5390' }] })
    const gsrn = `95060001343010010${checkDigit('95060001343010010')}`
    expect(readCode(`8018${gsrn}`, ']C1')).toMatchObject({ elements: [{ ai: '8018', value: gsrn }] })
  })

  test('an identifier this house does not know does not cost the article', () => {
    expect(readCode(`7099ABCD${GS}0104006381333931`, ']d2')).toMatchObject({ kind: 'gtin', gtin: PEN })
  })

  test.each([
    ['0104006381333932', 'value.gtin'],
    ['010400638133393', 'scan.unreadable'],
    ['01040063813339312112345678901234567890X', 'scan.unreadable'],
    [`0104006381333931${GS}21`, 'scan.unreadable'],
    [`0104006381333931${GS}0110614141000415`, 'scan.unreadable'],
    ['8018950600013430100109', 'scan.unreadable'],
    ['ABC', 'scan.unreadable'],
    ['', 'scan.unreadable'],
  ])('%j is refused with %s', (text, code) => {
    expect(readCode(text, ']C1')).toMatchObject({ kind: 'invalid', error: { code } })
  })

  test('a long number that only begins like an element string is left alone', () => {
    expect(readCode('0104006381333931219999999999999999999999')).toMatchObject({ kind: 'other' })
    expect(readCode('0104006381333939219')).toMatchObject({ kind: 'other' })
  })
})

describe('GS1 Digital Link', () => {
  test.each([
    'https://id.gs1.org/01/04006381333931/21/A%2F7?17=261231&utm=x',
    `http://shop.example/some/path/01/${PEN}/10/B1/21/A%2F7?17=261231`,
    'HTTPS://ID.EXAMPLE/01/04006381333931/21/A%2F7?17=261231#top',
  ])('%s names article, serial and expiry', link => {
    expect(readCode(link, ']Q1')).toMatchObject({ kind: 'gtin', gtin: PEN, serial: 'A/7', expiry: '261231' })
  })

  test('another address is only text; a wrong check digit in a link is not', () => {
    expect(readCode('https://example.com/a/b')).toEqual({ kind: 'other', text: 'https://example.com/a/b' })
    expect(readCode('https://example.com/01/overview')).toMatchObject({ kind: 'other' })
    expect(readCode('https://id.gs1.org/01/04006381333932')).toMatchObject({
      kind: 'invalid',
      error: { code: 'value.gtin' },
    })
    expect(readCode('https://id.gs1.org/01/04006381333931/21/%E0%A4')).toMatchObject({
      kind: 'invalid',
      error: { code: 'scan.unreadable' },
    })
  })
})

describe('GS1 dates', () => {
  test.each([
    ['261231', 2026, '2026-12-31'],
    ['280200', 2026, '2028-02-29'],
    ['270200', 2026, '2027-02-28'],
    ['991231', 2026, '1999-12-31'],
    ['760101', 2026, '2076-01-01'],
    ['000101', 1998, '2000-01-01'],
    ['261301', 2026, undefined],
    ['260431', 2026, undefined],
    ['2612', 2026, undefined],
  ])('%s seen in %i is %s', (value, year, expected) => {
    expect(gs1Date(value, year)).toBe(expected)
  })
})

describe('whatever is scanned', () => {
  const aims = fc.constantFrom(undefined, ']E0', ']E4', ']C1', ']C0', ']d2', ']Q3', ']I1')
  test('reading never throws, and an article always has a right check digit', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0123456789()', GS), maxLength: 40 }),
      fc.webUrl({ withQueryParameters: true }),
    )
    fc.assert(
      fc.property(texts, aims, (text, aim) => {
        const code = readCode(text, aim)
        if (code.kind === 'gtin') expect(checkDigit(code.gtin.slice(0, -1))).toBe(Number(code.gtin.at(-1)))
      }),
    )
  })

  test('one changed digit of an EAN-13 never names another article', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9]{12}$/),
        fc.nat(12),
        fc.integer({ min: 1, max: 9 }),
        (body, at, by) => {
          const good = `${body}${checkDigit(body)}`
          const digit = (Number(good[at]) + by) % 10
          const bad = `${good.slice(0, at)}${digit}${good.slice(at + 1)}`
          expect(readCode(bad, ']E0').kind).toBe('invalid')
        },
      ),
    )
  })
})
