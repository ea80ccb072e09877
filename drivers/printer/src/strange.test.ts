// Texts and tables that nobody meant well with: nothing hangs, nothing lies, and no line is wider than the paper.
import type { ReceiptBlock, ReceiptDocument } from '@cashdesk/kernel'
import { text } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import {
  type EncodeOptions,
  encodeReceipt,
  epson32,
  epson48,
  type Glyphs,
  type PrinterProfile,
  previewReceipt,
} from './index.ts'

const paper = (...blocks: readonly ReceiptBlock[]): ReceiptDocument => ({
  kind: 'sale',
  locale: 'de-DE',
  blocks,
})

const shown = (document: ReceiptDocument, options: EncodeOptions = {}, profile = epson48): unknown => {
  const preview = previewReceipt(document, profile, options)
  return 'error' in preview ? preview.error.detail?.['characters'] : preview.text
}

/** A font that has everything, as a bar. */
const everything: Glyphs = { glyph: () => ({ width: 12, height: 24, dots: new Uint8Array(12 * 24).fill(1) }) }
const hebrew: PrinterProfile = { ...epson48, codePages: { cp862: 15 } }

describe('columns of a table', () => {
  test.each([
    [[-3, Number.NaN, Number.POSITIVE_INFINITY, 1]],
    [[1e308, 1e308, 1]],
    [[0, 0, 0]],
    [[1e-300, 5, 1]],
  ])('whose weights are %j come to an end, inside the paper', weights => {
    const columns = weights.map(width => ({ width }))
    for (const profile of [epson48, epson32]) {
      const rows = [weights.map((_, at) => `cell ${at} Donaudampfschifffahrtsgesellschaft`)]
      const lines = String(shown(paper({ block: 'table', columns, rows }), {}, profile)).split('\n')
      expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(profile.columns)
      expect(lines.join('').replaceAll(' ', '')).toContain('0')
    }
  })
})

test('cells for which a table has no column stand below, and are not lost', () => {
  const rows = [['a', 'b', 'c']]
  expect(shown(paper({ block: 'table', columns: [{ width: 1 }], rows }))).toBe('a\nb\nc\n')
  expect(shown(paper({ block: 'table', columns: [], rows }))).toBe('a\nb\nc\n')
})

describe('marks that nobody sees', () => {
  test('are left out: joiners, directions, variants, the byte order mark', () => {
    const marked = 'a\u200bb\u200cc\u200dd\ufeffe\u2060f\u200eg\u202eh\u2066i\ufe0fj'
    expect(shown(paper(text(marked)))).toBe('abcdefghij\n')
  })

  test('that stand on another letter are composed, and else named by their number', () => {
    expect(shown(paper(text('e\u0301 a\u0308')))).toBe('é ä\n')
    expect(shown(paper(text('x\u0301\ud800')))).toEqual(['U+0301', 'U+D800'])
  })
})

describe('a preview', () => {
  test('shows what stands on paper instead of what the printer lacks', () => {
    const document = paper(text('Danke 😀 שלום'))
    expect(shown(document, { unprintable: 'replace' })).toBe('Danke ? ????\n')
    expect(shown(document, { unprintable: { replaceWith: '#' } })).toBe('Danke # ####\n')
    // One that would change the width of the line, or that the printer lacks, too.
    expect(shown(document, { unprintable: { replaceWith: '--' } })).toBe('Danke ? ????\n')
  })

  test('hands no command to the terminal on which it is read', () => {
    const document = paper(text('a\u001b[2Jb\u0007'), { block: 'qr', data: 'x\ny' })
    const preview = String(shown(document, { unprintable: 'replace' }))
    expect(preview.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(preview.split('\n')).toHaveLength(3)
  })
})

describe('writing from right to left', () => {
  test('stands on paper as it is read, its numbers and brackets too', () => {
    expect(shown(paper(text('Total שלום 12')), {}, hebrew)).toBe('Total 12 םולש\n')
    expect(shown(paper(text('שלום (5) עולם')), {}, hebrew)).toBe('םלוע (5) םולש\n')
    const line = String(shown(paper({ block: 'pair', label: 'לחם', value: '12,50 €' }), {}, withEuro()))
    expect(line).toMatch(/^םחל {38}12,50 .\n$/)
  })

  test('every line of it for itself, first words first', () => {
    const words = Array.from({ length: 12 }, () => 'שלום').join(' ')
    const lines = String(shown(paper(text(`ראשון ${words} אחרון`)), {}, hebrew))
      .trimEnd()
      .split('\n')
    expect(lines[0]).toMatch(/ןושאר$/)
    expect(lines.at(-1)).toMatch(/^ןורחא/)
  })

  test('and what joins its letters is reported, not drawn letter by letter', () => {
    const options: EncodeOptions = { unprintable: 'image', glyphs: everything }
    expect(shown(paper(text('مرحبا')), options)).toEqual([...'ابحرم'])
    expect(encodeReceipt(paper(text('नमस्ते')), epson48, options)).toHaveProperty('error')
    expect(encodeReceipt(paper(text('收据 שלום')), epson48, options)).not.toHaveProperty('error')
  })

  function withEuro(): PrinterProfile {
    return { ...epson48, codePages: { cp862: 15, cp858: 19 } }
  }
})

test('a receipt of ten thousand lines is made in a moment, with a bounded number of questions', () => {
  const blocks = Array.from({ length: 10_000 }, (_, at) => text(`Line ${at} Zażółć Привет`))
  const encoded = encodeReceipt(paper(...blocks), epson48, { checkpoints: true })
  if ('error' in encoded) throw new TypeError(encoded.error.code)
  expect(encoded.bytes.length).toBeGreaterThan(200_000)
  expect(encoded.checkpoints).toBeLessThanOrEqual(60)
})
