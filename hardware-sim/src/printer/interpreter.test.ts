// The interpreter against byte streams written by hand.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dryRun } from './dry-run.ts'
import { createInterpreter } from './interpreter.ts'
import type { Operation } from './operations.ts'
import { COMMAND_LIMIT_BYTES } from './parser.ts'

const ESC = 0x1b
const GS = 0x1d
const LF = 0x0a

type Part = string | number | readonly number[]

/** Bytes from numbers and latin1 text. */
function bytes(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap(part =>
      typeof part === 'string'
        ? [...Buffer.from(part, 'latin1')]
        : typeof part === 'number'
          ? [part]
          : [...part],
    ),
  )
}

function operations(stream: Uint8Array, paperDots?: number): Operation[] {
  const interpreter = createInterpreter(paperDots)
  interpreter.push(stream)
  const all: Operation[] = []
  for (let next = interpreter.next(); next !== undefined; next = interpreter.next()) all.push(...next)
  return all
}

const text = (stream: Uint8Array, paperDots?: number): string =>
  dryRun(stream, paperDots)
    .receipts.map(receipt => receipt.text)
    .join('\n')

describe('text', () => {
  test('a line appears with its line feed, and a carriage return after it changes nothing', () => {
    expect(text(bytes('one', LF, 0x0d, 'two', LF))).toBe('one\ntwo')
  })

  test('text that was not fed is not on the paper', () => {
    expect(dryRun(bytes('half a line')).receipts).toEqual([])
  })

  test('a line longer than the paper goes on in the next line', () => {
    expect(text(bytes('x'.repeat(50), LF))).toBe(`${'x'.repeat(48)}\nxx`)
    expect(text(bytes('x'.repeat(50), LF), 384)).toBe(`${'x'.repeat(32)}\n${'x'.repeat(18)}`)
  })

  test('double width needs twice the columns', () => {
    const [line] = operations(bytes(GS, '!', 0x10, 'x'.repeat(25), LF))
    expect(line?.kind === 'line' && line.pieces.length).toBe(24)
  })

  test('each code page prints its own character for the same byte', () => {
    const page = (n: number, byte: number): string => text(bytes(ESC, 't', n, byte, LF))
    expect(page(0, 0x81)).toBe('ü')
    expect(page(2, 0x9b)).toBe('ø')
    expect(page(17, 0x80)).toBe('А')
    expect(page(18, 0x88)).toBe('ł')
    expect(page(19, 0xd5)).toBe('€')
    expect(page(16, 0x80)).toBe('€')
    expect(page(40, 0xa4)).toBe('€')
    expect(page(15, 0xe1)).toBe('α')
  })

  test('a code page it does not have is reported, and the old one stays', () => {
    const { receipts, problems } = dryRun(bytes(ESC, 't', 16, ESC, 't', 99, 0x80, LF))
    expect(receipts[0]?.text).toBe('€')
    expect(problems).toEqual([{ at: 3, command: 'ESC t', kind: 'unsupported', why: 'code page 99' }])
  })

  test('the German character set replaces brackets by umlauts', () => {
    expect(text(bytes(ESC, 'R', 2, '[]{|}~', LF))).toBe('ÄÜäöüß')
  })

  test('initialising drops the unfinished line and every mode', () => {
    const [line] = operations(bytes(ESC, 'E', 1, GS, '!', 0x11, 'gone', ESC, '@', 'stays', LF))
    expect(line?.kind).toBe('line')
    if (line?.kind !== 'line') return
    expect(line.pieces.map(piece => (piece.kind === 'character' ? piece.character : ''))).toEqual([
      ...'stays',
    ])
    expect(line.pieces.every(piece => piece.kind === 'character' && !piece.style.bold)).toBe(true)
    expect(line.height).toBe(24)
  })

  test('ESC ! sets font, weight, size and underline at once', () => {
    const [line] = operations(bytes(ESC, '!', 0xb9, 'x', LF))
    expect(line?.kind === 'line' && line.pieces[0]).toMatchObject({
      style: { font: 'B', bold: true, underline: 1, wide: 2, high: 2, inverse: false },
    })
  })
})

describe('placing', () => {
  test('alignment centres and right-aligns', () => {
    expect(text(bytes(ESC, 'a', 1, 'mid', LF, ESC, 'a', 2, 'end', LF))).toBe(
      `${' '.repeat(22)}mid\n${' '.repeat(45)}end`,
    )
  })

  test('alignment in the middle of a line is refused', () => {
    expect(dryRun(bytes('a', ESC, 'a', 1, LF)).problems).toMatchObject([{ at: 1, kind: 'refused' }])
  })

  test('tabs stand at every eighth column until others are set', () => {
    expect(text(bytes('a', 9, 'b', LF))).toBe('a       b')
    expect(text(bytes(ESC, 'D', 10, 20, 0, 'a', 9, 'b', 9, 'c', LF))).toBe('a         b         c')
  })

  test('absolute and relative positions move the print on', () => {
    expect(text(bytes('a', ESC, '$', [120, 0], 'b', ESC, '\\', [24, 0], 'c', LF))).toBe('a         b  c')
  })

  test('margin and print area narrow the line', () => {
    const job = bytes(GS, 'L', [48, 0], GS, 'W', [120, 0], 'x'.repeat(12), LF)
    expect(text(job)).toBe(`    ${'x'.repeat(10)}\n    xx`)
  })

  test('magnified columns end where they end on the paper', () => {
    const line = text(bytes(GS, '!', 0x10, 'TOTAL       12,34', LF))
    expect(line).toBe(`TOTAL${' '.repeat(24)}12,34`)
    expect(line).toHaveLength(34)
  })

  test('feeds make blank lines', () => {
    expect(text(bytes('a', LF, LF, 'b', ESC, 'd', 3, 'c', LF))).toBe('a\n\nb\n\n\nc')
  })

  test('ESC 3 sets the spacing, taller characters need their own height', () => {
    const advance = (stream: Uint8Array): number[] =>
      operations(stream).flatMap(each => (each.kind === 'line' ? [each.advance] : []))
    expect(advance(bytes('a', LF, ESC, '3', 80, 'a', LF, GS, '!', 0x02, 'a', LF, ESC, '2', 'a', LF))).toEqual(
      [34, 40, 72, 72],
    )
  })
})

describe('cutting, drawer and the unknown', () => {
  test('every form of the cut cuts', () => {
    const forms: readonly (readonly number[])[] = [[0], [48], [1], [49], [65, 0], [66, 10], [97, 3], [98, 0]]
    const cuts = forms.map(form => dryRun(bytes('x', LF, GS, 'V', form)).receipts.map(receipt => receipt.end))
    expect(cuts).toEqual([
      ['full'],
      ['full'],
      ['partial'],
      ['partial'],
      ['full'],
      ['partial'],
      ['full'],
      ['partial'],
    ])
    expect(dryRun(bytes('x', LF, ESC, 'i', 'y', LF, ESC, 'm')).receipts).toHaveLength(2)
  })

  test('a cut without feed goes through what has not passed the knife', () => {
    expect(dryRun(bytes('x', LF, GS, 'V', 0)).receipts[0]?.beyondKnifeDots).toBeGreaterThan(0)
    expect(dryRun(bytes('x', LF, GS, 'V', 66, 0)).receipts[0]?.beyondKnifeDots).toBe(0)
    expect(dryRun(bytes('x', LF, ESC, 'd', 5, GS, 'V', 0)).receipts[0]?.beyondKnifeDots).toBe(0)
  })

  test('the drawer kick tells pin and times', () => {
    expect(dryRun(bytes(ESC, 'p', 0, 25, 250)).kicks).toEqual([{ pin: 2, onMs: 50, offMs: 500 }])
    expect(dryRun(bytes(ESC, 'p', 49, 10, 5)).kicks).toEqual([{ pin: 5, onMs: 20, offMs: 20 }])
  })

  test('a kick that lacks its times swallows the two bytes that follow', () => {
    const { kicks, receipts } = dryRun(bytes(ESC, 'p', 0, 'Hello', LF))
    expect(receipts[0]?.text).toBe('llo')
    expect(kicks).toEqual([{ pin: 2, onMs: 144, offMs: 202 }])
  })

  test('unknown commands are reported with their offset, and printing goes on', () => {
    const { receipts, problems } = dryRun(
      bytes('a', ESC, 7, 'b', GS, 'V', 9, 'c', 0x01, LF, GS, '^', [1, 1, 1]),
    )
    expect(receipts[0]?.text).toBe('abc')
    expect(problems.map(({ at, command, kind }) => [at, command, kind])).toEqual([
      [1, 'ESC 0x07', 'unknown'],
      [4, 'GS V', 'refused'],
      [8, '0x01', 'unknown'],
      [10, 'GS ^', 'unsupported'],
    ])
  })

  test('data longer than any printer could take are passed over', () => {
    const interpreter = createInterpreter()
    const size = COMMAND_LIMIT_BYTES + 1
    interpreter.push(bytes(GS, '8', 'L', [size & 0xff, (size >> 8) & 0xff, size >> 16, 0]))
    const chunk = new Uint8Array(65_536).fill(0x41)
    for (let sent = 0; sent + chunk.length <= size; sent += chunk.length) interpreter.push(chunk)
    interpreter.push(bytes('A', 'after', LF))
    const [problem] = interpreter.next() ?? []
    expect(problem).toMatchObject({ kind: 'problem', problem: { kind: 'unknown', command: 'GS 8' } })
    expect(interpreter.pending).toBe(6)
  })
})

describe('any stream', () => {
  const job = bytes(
    ...[ESC, '@', ESC, 't', 19, ESC, 'a', 1, GS, '!', 0x11, 'Caf\x82 ', 0xd5, LF, GS, '!', 0],
    ...[GS, 'k', 67, 12, '400638133393', GS, 'k', 4, 'ABC', 0],
    ...[GS, '(k', [3, 0, 49, 67, 4], GS, '(k', [6, 0, 49, 80, 48], 'abc', GS, '(k', [3, 0, 49, 81, 48]],
    ...[GS, 'v0', [0, 2, 0, 2, 0, 0xff, 0x0f, 0xf0, 0xff], ESC, '*', [0, 3, 0, 1, 2, 3], LF],
    ...[ESC, 'p', 0, 25, 250, 0x10, 4, 1, GS, 'r', 1, GS, 'V', 66, 3],
  )

  test('comes out the same wherever it is cut', () => {
    const whole = operations(job)
    expect(whole.length).toBeGreaterThan(8)
    for (let at = 1; at < job.length; at += 1) {
      const interpreter = createInterpreter()
      const parts: Operation[] = []
      for (const part of [job.subarray(0, at), job.subarray(at)]) {
        interpreter.push(part)
        for (let next = interpreter.next(); next !== undefined; next = interpreter.next()) parts.push(...next)
      }
      expect(parts).toEqual(whole)
    }
  })

  test('comes out the same byte by byte', () => {
    const whole = dryRun(job)
    const single = dryRun(Array.from(job, byte => Uint8Array.of(byte)))
    expect(single.receipts.map(receipt => receipt.text)).toEqual(whole.receipts.map(receipt => receipt.text))
    expect(single.receipts[0]?.png().equals(whole.receipts[0]?.png() ?? Buffer.of())).toBe(true)
    expect([...single.answers]).toEqual([...whole.answers])
  })

  test('never crashes the printer, and never makes it hoard', () => {
    const introducer = fc.constantFrom(0x10, 0x1b, 0x1c, 0x1d, 0x28, 0x6b, 0x2a, 0x76, 0x56, 0x00, 0x31, 0x41)
    const byte = fc.oneof({ weight: 1, arbitrary: introducer }, { weight: 1, arbitrary: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 400 }), fc.nat(400), (stream, at) => {
        const all = Uint8Array.from(stream)
        const run = dryRun([all.subarray(0, at), all.subarray(at)])
        expect(run.problems.length).toBeLessThanOrEqual(200)
        for (const receipt of run.receipts) expect(receipt.text.split('\n').length).toBeLessThanOrEqual(2048)
      }),
      { numRuns: 300 },
    )
  })
})
