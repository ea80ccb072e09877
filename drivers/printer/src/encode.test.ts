// From receipt document to bytes: nothing wider than the paper, nothing silently replaced.
import { pair, qr, type ReceiptBlock, type ReceiptDocument, rule, text } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tcpPrinter } from './driver.ts'
import { type EncodeOptions, encodeReceipt } from './encode.ts'
import { layOut } from './layout.ts'
import { previewReceipt } from './preview.ts'
import { epson, epson32, epson48, type PrinterProfile, star48 } from './profile.ts'

const paper = (...blocks: readonly ReceiptBlock[]): ReceiptDocument => ({
  kind: 'sale',
  locale: 'de-DE',
  blocks,
})

function bytesOf(
  document: ReceiptDocument,
  profile: PrinterProfile = epson,
  options: EncodeOptions = {},
): string {
  const encoded = encodeReceipt(document, profile, options)
  if ('error' in encoded) throw new Error(encoded.error.code)
  return String.fromCharCode(...encoded.bytes)
}

const troubleOf = (document: ReceiptDocument, profile: PrinterProfile = epson): unknown => {
  const encoded = encodeReceipt(document, profile)
  return 'error' in encoded ? [encoded.error.code, encoded.error.detail] : 'printed'
}

/** The lines as they would stand on paper of `columns`. */
function lines(columns: number, ...blocks: readonly ReceiptBlock[]): string[] {
  return layOut(paper(...blocks), columns).map(item => (item.item === 'line' ? item.text : `<${item.item}>`))
}

describe('the layout', () => {
  test('wraps text at blanks, and words only when they are longer than the line', () => {
    expect(lines(10, text('The quick brown fox'))).toEqual(['The quick', 'brown fox'])
    expect(lines(10, text('a Donaudampfschiff b'))).toEqual(['a', 'Donaudampf', 'schiff b'])
    expect(lines(10, text('  kept  as'), text(''), text('x\ny'))).toEqual(['  kept  as', '', 'x', 'y'])
  })

  test('aligns within the width of the character size', () => {
    expect(lines(10, text('abcd', { align: 'center' }), text('abcd', { align: 'right' }))).toEqual([
      '   abcd',
      '      abcd',
    ])
    expect(lines(10, text('abcdef', { size: 2 }))).toEqual(['abcde', 'f'])
  })

  test('a value stands at the right edge and never wraps, however long its label is', () => {
    expect(lines(20, pair('Milk', '1.29'))).toEqual(['Milk            1.29'])
    expect(lines(20, pair('Milk, organic, three litres', '1.29'))).toEqual([
      'Milk, organic,',
      'three litres    1.29',
    ])
    expect(lines(20, pair('Total', '1 234 567.89 EUR'))).toEqual(['Total', '    1 234 567.89 EUR'])
    expect(lines(20, pair('Total', '123.456,78', { size: 2 }))).toEqual(['Total', '123.456,78'])
    expect(lines(20, pair('Total', '123.456,78 EUR', { size: 2 }))).toEqual(['Total 123.456,78 EUR'])
  })

  test('table cells wrap inside their columns, and nothing overflows', () => {
    const table: ReceiptBlock = {
      block: 'table',
      columns: [{ width: 1, align: 'right' }, { width: 5 }, { width: 2, align: 'right' }],
      rows: [['2', 'Bread with ham', '3.00'], ['10']],
    }
    expect(lines(18, table)).toEqual([' 2 Bread with 3.00', '   ham', '10'])
  })

  test('a table with more columns than the paper is stacked', () => {
    const columns = Array.from({ length: 12 }, () => ({ width: 1 }))
    expect(lines(20, { block: 'table', columns, rows: [['a', 'b']] })).toEqual(['a', 'b'])
  })

  test('no document whatever makes a line wider than the paper or loses a word', () => {
    const words = fc
      .array(fc.stringMatching(/^[a-z0-9€.,-]{1,60}$/), { maxLength: 8 })
      .map(all => all.join(' '))
    const size = fc.constantFrom<1 | 2>(1, 2)
    const align = fc.constantFrom<'left' | 'center' | 'right'>('left', 'center', 'right')
    const block: fc.Arbitrary<ReceiptBlock> = fc.oneof(
      fc.record({ block: fc.constant('text' as const), text: words, size, align }),
      fc.record({ block: fc.constant('pair' as const), label: words, value: words, size }),
      fc.record({
        block: fc.constant('table' as const),
        columns: fc.array(fc.record({ width: fc.integer({ min: -1, max: 9 }), align }), { maxLength: 60 }),
        rows: fc.array(fc.array(words, { maxLength: 5 }), { maxLength: 4 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), fc.constantFrom(32, 42, 48), (blocks, columns) => {
        for (const item of layOut(paper(...blocks), columns, '*** COPY ***')) {
          if (item.item === 'line') expect([...item.text].length * item.size).toBeLessThanOrEqual(columns)
        }
        const said = blocks.flatMap(one => (one.block === 'text' ? [one.text] : []))
        const printed = layOut(paper(...blocks.filter(one => one.block === 'text')), columns)
        const flat = printed.map(item => (item.item === 'line' ? item.text : '')).join('')
        expect(flat.replaceAll(' ', '')).toBe(said.join('').replaceAll(' ', ''))
      }),
    )
  })
})

test('a preview shows the lines of the paper, and refuses what would not be printed', () => {
  const document = paper(
    text('SHOP', { align: 'center', size: 2 }),
    pair('Milk', '1,29 €'),
    pair('Sum', '1,29', { size: 2 }),
    qr('https://example.org'),
    { block: 'feed', lines: 1 },
    text('bye'),
  )
  expect(previewReceipt(document, epson32)).toEqual({
    text: `            SHOP\nMilk${' '.repeat(22)}1,29 €\nSum${' '.repeat(25)}1,29\n    [QR https://example.org]\n\nbye\n`,
  })
  expect(previewReceipt(document, epson32, { copy: true })).toMatchObject({
    text: expect.stringMatching(/^ *\*\*\* COPY \*\*\*\n/),
  })
  expect(previewReceipt(paper(text('漢')), epson32)).toMatchObject({ error: { code: 'printer.unprintable' } })
})

describe('the bytes of a job', () => {
  test('begin with a reset and automatic status, end with feed and cut', () => {
    const bytes = bytesOf(paper(text('Hello')))
    expect(bytes.startsWith('\u001b@')).toBe(true)
    expect(bytes).toContain('\u001da\u000f')
    expect(bytes.trimEnd().endsWith('Hello\n\n\n\n\n\u001dV\u0001')).toBe(true)
    expect(bytesOf(paper(text('Hello')), { ...epson, automaticStatus: 0, cutter: 'none' })).not.toContain(
      '\u001d',
    )
  })

  test('stand on the first code page for as long as it has them, line by line', () => {
    const bytes = bytesOf(paper(text('é'), text('5 €'), text('x é')))
    const places = ['\u001bt\u0000\u0082\n', '5 \u001bt\u0010\u0080\n', '\u001bt\u0000x \u0082\n']
    expect(bytes).toContain(places.join(''))
  })

  test('switch to a code page that has the character', () => {
    expect(bytesOf(paper(text('Käse')))).toContain('\u001bt\u0000K\u0084se\n')
    expect(bytesOf(paper(text('5 €')))).toContain('\u001bt\u0010\u0080')
    expect(bytesOf(paper(text('Чай')))).toContain('\u001bt\u0011\u0097\u00a0\u00a9')
    expect(bytesOf(paper(text('Żółć')))).toContain('\u001bt\u0012')
    expect(bytesOf(paper(text('Καφές')))).toContain('\u001bt\u000e')
  })

  test('say COPY above a copy, and only there', () => {
    expect(bytesOf(paper(text('Hello')), epson, { copy: true })).toMatch(/\*\*\* COPY \*\*\*.*\n.*Hello/)
    expect(bytesOf(paper(text('Hello')))).not.toContain('COPY')
    expect(bytesOf(paper(text('Hello')), epson, { copy: true, copyText: 'KOPIE' })).toContain('*** KOPIE ***')
  })

  test('characters the printer does not have are named, not replaced', () => {
    expect(troubleOf(paper(text('漢字 ok'), pair('a', '漢 ☺\u001b')))).toEqual([
      'printer.unprintable',
      { characters: ['漢', '字', '☺', 'U+001B'], blocks: ['0', '1'] },
    ])
    expect(troubleOf(paper(text('5 €')), { ...epson, codePages: { cp437: 0 } })).toEqual([
      'printer.unprintable',
      { characters: ['€'], blocks: ['0'] },
    ])
    const replaced = bytesOf(paper(text('漢字 ok')), epson, { unprintable: { replaceWith: '#' } })
    expect(replaced).toContain('## ok')
  })

  test('no text smuggles a command to the printer', () => {
    const text = fc.string({
      unit: fc.constantFrom('\u001b', 'p', '\u0000', '\u0010', '\u0014', '\u001d', 'a', '→'),
    })
    fc.assert(
      fc.property(text, value => {
        const sneaky = paper({ block: 'text', text: value })
        if ([...value].some(character => character < ' ' || character === '→'))
          expect(troubleOf(sneaky)).not.toBe('printed')
        expect(bytesOf(sneaky, epson, { unprintable: { replaceWith: '.' } })).not.toContain('\u001bp')
      }),
    )
  })

  test('typographic blanks and dashes are printed as what they look like', () => {
    expect(bytesOf(paper(text('1\u202f234\u00a0€ \u2212 x\u2011y')))).toContain('1 234 ')
  })

  test('a QR code carries its text as UTF-8 and fits the paper', () => {
    const bytes = bytesOf(paper(qr('Zażółć €', 6)))
    expect(Buffer.from(bytes, 'latin1').toString('utf8')).toContain('1P0Zażółć €')
    const large = bytesOf(paper(qr('x'.repeat(2000), 8)), epson32)
    expect(large).toContain('\u001d(k\u0003\u00001C\u0002')
    expect(troubleOf(paper(qr('x'.repeat(2400))))).toMatchObject(['printer.unprintable', {}])
    expect(troubleOf(paper(qr('a\u0010b')))).toEqual([
      'printer.unprintable',
      { characters: ['U+0010'], blocks: ['0'] },
    ])
  })

  test('without QR support the content stands there as text', () => {
    const bytes = bytesOf(paper(qr('V0;x'.repeat(20))), { ...epson, qr: false })
    expect(bytes).toContain(`${'V0;x'.repeat(20).slice(0, 42)}\n`)
    expect(bytes).not.toContain('(k')
  })

  test('bar codes are checked before they are printed', () => {
    expect(bytesOf(paper({ block: 'barcode', symbology: 'ean13', data: '4006381333931' }))).toContain(
      '\u001dk\u00024006381333931\u0000',
    )
    expect(bytesOf(paper({ block: 'barcode', symbology: 'code128', data: 'SALE-42' }))).toContain(
      '\u001dkI\u0009{BSALE-42',
    )
    expect(troubleOf(paper({ block: 'barcode', symbology: 'ean13', data: '4006381333932' }))).not.toBe(
      'printed',
    )
    expect(troubleOf(paper({ block: 'barcode', symbology: 'code128', data: 'x'.repeat(40) }))).toEqual([
      'printer.unprintable',
      { reason: 'the bar code is too wide for this paper' },
    ])
    expect(troubleOf(paper({ block: 'barcode', symbology: 'code128', data: 'ä' }))).not.toBe('printed')
  })

  test('a fiscal block is printed as it was given, its code too', () => {
    const bytes = bytesOf(paper(rule(), { block: 'fiscal', lines: ['TSE 4711'], qr: 'V0;4711' }), epson48)
    expect(bytes).toContain(`${'-'.repeat(48)}\nTSE 4711\n`)
    expect(bytes).toContain('1P0V0;4711')
  })

  test('a profile with an unknown code page is refused', () => {
    const profile = { ...epson, codePages: JSON.parse('{"cp-unheard-of":3}') }
    expect(() => encodeReceipt(paper(), profile)).toThrow('config.invalid')
  })
})

test.each([
  ['{ "block": "text" }', "block 1: 'text' of 'text' must be text"],
  ['{ "type": "text", "text": "x" }', "block 1: has no 'block' that says what it is"],
  ['{ "block": "poem" }', "block 1: 'poem' is none of text, pair"],
  ['{ "block": "pair", "label": "Total", "value": 1.29 }', "block 1: 'value' of 'pair' must be text"],
  ['{ "block": "table", "columns": [{}], "rows": [] }', "'columns' of 'table' must be a list in which each"],
  [
    '{ "block": "table", "columns": [{ "width": 1 }], "rows": [["a", 2]] }',
    "'rows' of 'table' must be a list",
  ],
  ['{ "block": "text", "text": "x", "size": 3 }', "'size' of 'text' must be 1, 2"],
  ['{ "block": "constructor" }', "block 1: 'constructor' is none of text"],
  ['null', 'block 1: is no object'],
])('what is no block is named with its place: %s', (wrong, said) => {
  expect(troubleOf(paper(text('Hello'), JSON.parse(wrong)))).toEqual([
    'printer.wrong-block',
    { blocks: ['1'], mistakes: [expect.stringContaining(said)] },
  ])
})

test('a driver refuses what is no block before it looks for its printer', async () => {
  const { op } = JSON.parse('{ "op": "op-1" }')
  const document = paper(text('Hello'), JSON.parse('{ "block": "text" }'))
  const outcome = await tcpPrinter({ host: '127.0.0.1' }).print({ op, copy: false, document })
  expect(outcome).toMatchObject({
    outcome: 'refused',
    error: { code: 'printer.wrong-block', detail: { blocks: ['1'] } },
  })
})

test('a Star printer is not told to report by itself', () => {
  const told = { ...star48, answers: true, automaticStatus: 15 }
  expect(() => tcpPrinter({ host: '127.0.0.1', profile: told })).toThrow('config.invalid')
})
