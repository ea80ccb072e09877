// Element strings, links and restricted numbers, against rules written a second time and values others have published.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { identifierAt } from './gs1-identifiers.ts'
import { GS1_TABLE } from './gs1-table.ts'
import { valueProblem } from './gs1-values.ts'
import { gs1Elements, priceCheckDigit, type ReadCode, readCode, restrictedTemplate } from './index.ts'

const GS = '\u001d'
const PEN = '4006381333931'

/** The check digit a second way: the number whose weighted digits, itself included, are a multiple of ten. */
function independentCheckDigit(body: string): string {
  for (const last of '0123456789') {
    const digits = [...body, last].reverse().map(Number)
    if (digits.reduce((sum, digit, at) => sum + digit * (at % 2 === 1 ? 3 : 1), 0) % 10 === 0) return last
  }
  return 'none'
}

const digits = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.nat(9), { minLength: length, maxLength: length }).map(list => list.join(''))
const checked = (length: number): fc.Arbitrary<string> =>
  digits(length - 1).map(body => body + independentCheckDigit(body))
const text = (most: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...'!"%&\'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz'),
    minLength: 1,
    maxLength: most,
  })

/** What may be on a card or an article: identifier, value, and whether FNC1 must end it. */
const ELEMENTS: readonly (readonly [string, fc.Arbitrary<string>, boolean])[] = [
  ['21', text(20), true],
  ['10', text(20), true],
  ['17', fc.constantFrom('261231', '270200', '280229'), false],
  ['11', fc.constantFrom('250101'), false],
  ['30', fc.integer({ min: 1, max: 99_999_999 }).map(String), true],
  ['3103', digits(6), false],
  ['3922', fc.integer({ min: 0, max: 99_999_999 }).map(String), true],
  ['3932', fc.integer({ min: 0, max: 99_999 }).map(price => `978${price}`), true],
  ['240', text(30), true],
  ['250', text(30), true],
  ['410', checked(13), false],
  ['7003', fc.constantFrom('2612312359'), true],
  ['8008', fc.constantFrom('26123123', '261231235959'), true],
  ['91', text(90), true],
  ['99', text(90), true],
]

describe('an element string', () => {
  test('gives back article and serial as they were put in, wherever they stand', () => {
    const others = fc.uniqueArray(
      fc.constantFrom(...ELEMENTS).chain(([ai, value, ends]) => value.map(made => ({ ai, made, ends }))),
      { selector: ({ ai }) => ai, maxLength: 8 },
    )
    fc.assert(
      fc.property(checked(14), others, fc.nat(), fc.boolean(), (article, rest, place, lastEnds) => {
        const all = [...rest]
        all.splice(place % (rest.length + 1), 0, { ai: '01', made: article, ends: false })
        const data = all
          .map(({ ai, made, ends }, at) => ai + made + (ends && (at < all.length - 1 || lastEnds) ? GS : ''))
          .join('')
        const code = readCode(data, ']d2')
        expect(code).toMatchObject({
          kind: 'gtin',
          elements: all.map(({ ai, made }) => ({ ai, value: made })),
        })
        if (code.kind !== 'gtin') return
        expect(code.gtin.padStart(14, '0')).toBe(article)
        expect(code.serial).toBe(all.find(({ ai }) => ai === '21')?.made)
        expect(code.batch).toBe(all.find(({ ai }) => ai === '10')?.made)
      }),
    )
  })

  test('with one wrong digit in its GTIN names no article', () => {
    fc.assert(
      fc.property(checked(14), fc.nat(13), fc.integer({ min: 1, max: 9 }), (article, at, by) => {
        const wrong = `${article.slice(0, at)}${(Number(article[at]) + by) % 10}${article.slice(at + 1)}`
        expect(readCode(`01${wrong}21SERIAL`, ']C1')).toMatchObject({
          kind: 'invalid',
          error: { code: 'value.gtin' },
        })
      }),
    )
  })

  test('says where each element stands, and where it cannot go on', () => {
    const parsed = gs1Elements(`010400638133393121A1${GS}17261232`)
    expect(parsed.elements.map(({ ai, at, valueAt }) => [ai, at, valueAt])).toEqual([
      ['01', 0, 2],
      ['21', 16, 18],
      ['17', 21, 23],
    ])
    expect(parsed.problems).toMatchObject([{ ai: '17', what: 'no such date', at: 23 }])
    expect(gs1Elements(`0104006381333931${GS}64X`)).toMatchObject({ errorAt: 17 })
    expect(gs1Elements('(01)04006381333931(21)').errorAt).toBe(22)
  })

  test.each([
    [`0104006381333931${GS}17261332`, 'no such date'],
    [`0104006381333931${GS}3103001000${GS}3102000100`, 'contradicts'],
    [`0104006381333931${GS}0204006381333931${GS}3705`, 'contradicts 01'],
    [`0104006381333931${GS}3922100`, 'needs 01+30'],
    [`0104006381333931${GS}4321${'7'}`, 'neither 0 nor 1'],
  ])('%j is sold, and told to be wrong: %s', (data, what) => {
    const code = readCode(data, ']d2')
    expect(code).toMatchObject({ kind: 'gtin', gtin: PEN })
    expect(JSON.stringify(code)).toContain(what)
  })

  test('has no problems where its companions are there', () => {
    const good = readCode(`01040063813339313103001000${'3922'}1000${GS}21X`, ']C1')
    expect(good).not.toHaveProperty('problems')
  })

  test('its fixed lengths are those GS1 promised for ever, assigned or not', () => {
    expect(readCode('0412345678901234560104006381333931', ']C1')).toMatchObject({ gtin: PEN })
    expect(readCode('142612310104006381333931', ']C1')).toMatchObject({ gtin: PEN })
    expect(readCode(`4399X${GS}0104006381333931`, ']C1')).toMatchObject({ gtin: PEN })
  })
})

describe('the table of identifiers', () => {
  test('names each once, and finds each by its digits alone', () => {
    for (const [row] of GS1_TABLE) {
      const ai = row.replace(/n\d$/, '0')
      expect(identifierAt(`${ai}123456789`)?.ai).toBe(ai)
      for (const [other] of GS1_TABLE) {
        if (other !== row) expect(ai.startsWith(other.replace(/n\d$/, ''))).toBe(false)
      }
    }
    expect(new Set(GS1_TABLE.map(([ai]) => ai)).size).toBe(GS1_TABLE.length)
  })

  test('every companion it names is an identifier or a family of them', () => {
    for (const [, , , more] of GS1_TABLE) {
      const named = [more?.needs, more?.excludes, ...(more?.key ?? [])].flatMap(
        list => list?.split(/[ +]/) ?? [],
      )
      for (const ai of named.filter(name => name !== '')) {
        const digits = ai.replaceAll('n', '0')
        expect(identifierAt(digits)?.ai).toBe(digits)
      }
    }
  })

  test('a date may leave its day open only where GS1 allows it', () => {
    expect(valueProblem(['260200'], ['d'])).toBeUndefined()
    expect(valueProblem(['260200'], ['D'])).toMatchObject({ what: 'no such date' })
    expect(valueProblem(['270229'], ['D'])).toMatchObject({ what: 'no such date' })
    expect(valueProblem(['280229'], ['D'])).toBeUndefined()
    expect(valueProblem(['19000229'], ['Y'])).toMatchObject({ what: 'no such date' })
  })

  // Pairs published with the syntax dictionary of GS1.
  test.each(['1987654Ad4X4bL5ttr2310c2K', '12345678901234567890123NT', '62577B8fRG7HJK', '00000!HV'])(
    'the check characters of model %s are right, and wrong when one is changed',
    model => {
      expect(readCode(`8013${model}`, ']C1')).toMatchObject({ kind: 'other', elements: [{ ai: '8013' }] })
      const changed = `${model.slice(0, -1)}${model.endsWith('2') ? '3' : '2'}`
      expect(readCode(`8013${changed}`, ']C1')).toMatchObject({ kind: 'invalid' })
    },
  )

  test('an IBAN is checked', () => {
    expect(valueProblem(['DE89370400440532013000'], ['i'])).toBeUndefined()
    expect(valueProblem(['DE88370400440532013000'], ['i'])).toMatchObject({ what: 'wrong IBAN' })
  })
})

describe('a Digital Link', () => {
  const elementsOf = (code: ReadCode): unknown => ('elements' in code ? code.elements : undefined)

  test.each([
    ['https://id.gs1.org/00/106141412345678908', '00'],
    ['https://id.gs1.org/414/9506000134376/254/32a%2Fb', '414'],
    ['https://id.gs1.org/8003/09506000134376123', '8003'],
    ['https://id.gs1.org/8018/950600013430100009/8019/1', '8018'],
  ])('%s has another key than an article', (link, ai) => {
    const gsrn = `95060001343010000${independentCheckDigit('95060001343010000')}`
    const gln = `950600013437${independentCheckDigit('950600013437')}`
    const sscc = `10614141234567890${independentCheckDigit('10614141234567890')}`
    const right = link
      .replace('950600013430100009', gsrn)
      .replace('9506000134376', gln)
      .replace('106141412345678908', sscc)
    expect(elementsOf(readCode(right))).toMatchObject([{ ai }, ...(right.split('/').length > 5 ? [{}] : [])])
  })

  test('takes the last key of its path, so that a shop may have paths of its own', () => {
    const other = `https://shop.example/01/overview/01/0${PEN}/21/7`
    expect(readCode(other)).toMatchObject({ kind: 'gtin', gtin: PEN, serial: '7' })
    expect(readCode(`https://x.example/01/0${PEN}/21/01`)).toMatchObject({ gtin: PEN, serial: '01' })
  })

  test('is only text where its path does not end with qualifiers of its key, in order', () => {
    for (const path of ['/21/A/10/B', '/21/A/235/B', '/details', '/254/A', '/page/2']) {
      expect(readCode(`https://x.example/01/0${PEN}${path}`)).toMatchObject({ kind: 'other' })
    }
  })

  test('contradicting itself is refused; a qualifier in the query counts and is told', () => {
    expect(readCode(`https://x.example/01/0${PEN}/21/A?21=B`)).toMatchObject({ kind: 'invalid' })
    expect(readCode(`https://x.example/01/0${PEN}?21=B`)).toMatchObject({
      serial: 'B',
      problems: [{ ai: '21', what: 'belongs into the path' }],
    })
  })

  test('carries any serial there and back', () => {
    fc.assert(
      fc.property(checked(14), text(20), (article, serial) => {
        const link = `https://id.example/01/${article}/21/${encodeURIComponent(serial)}`
        const code = readCode(link, ']Q1')
        expect(code).toMatchObject({ kind: 'gtin', serial })
      }),
    )
  })
})

describe('restricted-circulation numbers', () => {
  const full = (body: string): string => body + independentCheckDigit(body)

  test('the price check digits are those of the General Specifications’ examples', () => {
    expect(priceCheckDigit('2875')).toBe(9)
    expect(priceCheckDigit('14685')).toBe(6)
    expect(priceCheckDigit('123')).toBeUndefined()
  })

  test('one changed digit of a price of four or five digits never has the same check digit', () => {
    fc.assert(
      fc.property(
        fc.oneof(digits(4), digits(5)),
        fc.nat(4),
        fc.integer({ min: 1, max: 9 }),
        (price, at, by) => {
          const place = at % price.length
          const other = `${price.slice(0, place)}${(Number(price[place]) + by) % 10}${price.slice(place + 1)}`
          expect(priceCheckDigit(other)).not.toBe(priceCheckDigit(price))
        },
      ),
    )
  })

  const priced = restrictedTemplate('20IIIIIVPPPPC', { decimals: 2 })
  const weighed = restrictedTemplate('23IIIIIIWWWWC', { decimals: 3 })

  test('a label gives article and price, and the article is the same at every price', () => {
    for (const price of ['2875', '0001', '9999']) {
      const code = full(`2012345${priceCheckDigit(price)}${price}`)
      expect(readCode(code, ']E0', { restricted: [weighed, priced] })).toEqual({
        kind: 'variable',
        text: code,
        gtin: full('201234500000'),
        item: '12345',
        measure: 'price',
        value: Number(price),
        decimals: 2,
      })
    }
  })

  // An Estonian example of other software: 1.234 kg.
  test('a label gives article and weight', () => {
    expect(readCode('2311111112345', ']E0', { restricted: [weighed] })).toMatchObject({
      kind: 'variable',
      measure: 'weight',
      value: 1234,
      decimals: 3,
    })
  })

  test('a wrong price check digit is refused even where the check digit of the code is right', () => {
    const wrong = full(`20123450${'2875'}`)
    expect(readCode(wrong, ']E0', { restricted: [priced] })).toMatchObject({
      kind: 'invalid',
      error: { code: 'scan.unreadable' },
    })
  })

  test('without a template, or with another prefix, it is an article like any other', () => {
    expect(readCode('2311111112345', ']E0')).toMatchObject({ kind: 'gtin', gtin: '2311111112345' })
    expect(readCode(PEN, ']E0', { restricted: [priced] })).toMatchObject({ kind: 'gtin', gtin: PEN })
  })

  test('a UPC-A from 2 is read by a template from 02', () => {
    const upc = full('21234502875')
    const template = restrictedTemplate('02IIIIIXPPPPC', { decimals: 2 })
    expect(readCode(upc, ']E0', { restricted: [template] })).toMatchObject({ measure: 'price', value: 2875 })
  })

  test.each([
    ['40063IIIPPPPX', 2],
    ['30IIIIIVPPPPC', 2],
    ['20IIIIIIIIIIC', 2],
    ['20VPPPPPPPPPC', 2],
    ['20IIPPIPPPPPC', 2],
    ['20IIIIIVPPPC', 2],
    ['20IIIIVPPPIIC', 2],
    ['20IIIIIVPPPPC', 5],
  ])('the template %s with %i decimals is refused', (layout, decimals) => {
    expect(() => restrictedTemplate(layout, { decimals })).toThrow('config.invalid')
  })
})
