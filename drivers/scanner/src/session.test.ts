// The scanner session on hand-written bytes: what is a code, what is not, and that nothing costs the next one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Framing, ScanSession } from './session.ts'
import type { ScanEvent } from './text.ts'

const PEN = '4006381333931'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const latin = (text: string): Uint8Array => Uint8Array.from(text, character => character.charCodeAt(0))

/** Everything a session says to `text` in one piece, and to the silence after it. */
function read(text: string | Uint8Array, framing: Framing = {}): readonly ScanEvent[] {
  const session = new ScanSession(framing)
  return [...session.bytes(typeof text === 'string' ? bytesOf(text) : text), ...session.silence()]
}

const scan = (text: string, aim?: string): ScanEvent =>
  aim === undefined ? { kind: 'scan', text } : { kind: 'scan', text, aim }

describe('a scanner session', () => {
  test.each(['\r', '\n', '\r\n'])('ends a code at %j', terminator => {
    expect(read(`${PEN}${terminator}SN-1${terminator}`)).toEqual([scan(PEN), scan('SN-1')])
  })

  test('takes the AIM identifier off, and keeps FNC1 and record separators in the data', () => {
    expect(read(`]E0${PEN}\r`)).toEqual([scan(PEN, ']E0')])
    expect(read('[)>\u001e06\u001dS123\u001e\u0004\r', { aim: 'none' })).toEqual([
      scan('[)>\u001e06\u001dS123\u001e\u0004'),
    ])
    expect(read(']d20104006381333931217\u001d17261231\r')).toEqual([
      scan('0104006381333931217\u001d17261231', ']d2'),
    ])
  })

  test('leaves what looks like an identifier alone where the scanner sends none', () => {
    expect(read(']E0x\r', { aim: 'none' })).toEqual([scan(']E0x')])
  })

  test('reads UTF-8, and Latin-1 where it is none', () => {
    expect(read('Käse €\r')).toEqual([scan('Käse €')])
    expect(read(latin('K\u00e4se\r'))).toEqual([scan('Käse')])
    expect(read(latin('K\u00e4se\r'), { charset: 'utf-8' })).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 4 },
    ])
    expect(read(bytesOf('ä\r'), { charset: 'latin1' })).toEqual([scan('Ã¤')])
  })

  test('discards a code that was cut off, and reads the next one', () => {
    const session = new ScanSession()
    expect(session.bytes(bytesOf('400638'))).toEqual([])
    expect(session.silence()).toEqual([{ kind: 'discard', code: 'scanner.cut-off', bytes: 6 }])
    expect(session.silence()).toEqual([])
    expect(session.bytes(bytesOf(`${PEN}\r`))).toEqual([scan(PEN)])
  })

  test('discards what is too long up to its terminator, in bounded memory', () => {
    const session = new ScanSession({ maxBytes: 20 })
    expect(session.bytes(bytesOf('9'.repeat(1000)))).toEqual([])
    expect(session.bytes(bytesOf(`9\r${PEN}\r`))).toEqual([
      { kind: 'discard', code: 'scanner.too-long', bytes: 1001 },
      scan(PEN),
    ])
    expect(session.bytes(bytesOf(`${'7'.repeat(20)}\r`))).toEqual([scan('7'.repeat(20))])
  })

  test('noise before a code is discarded, not the code', () => {
    expect(read(Uint8Array.of(0, 0xff, 0x02, ...bytesOf(`${PEN}\r`)))).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 3 },
      scan(PEN),
    ])
  })

  test('noise in the middle spoils a code, unless what follows proves itself', () => {
    expect(read('SN-1\u000077\r')).toEqual([{ kind: 'discard', code: 'scanner.garbled', bytes: 7 }])
    expect(read(`4006\u0000${PEN}\r`)).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 5 },
      scan(PEN),
    ])
    expect(read('4006\u0000]C0SN-77\r')).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 5 },
      scan('SN-77', ']C0'),
    ])
  })

  test('printable noise right before digits costs the code, is told, and never makes another code', () => {
    for (const noise of ['A¯¾', '¯', '¾A', 'ü-'])
      expect(read(latin(`${noise}${PEN}\r`))).toEqual([
        { kind: 'discard', code: 'scanner.garbled', bytes: noise.length + 13 },
      ])
    expect(read(latin(`¯${PEN}\r${PEN}\r`)).at(-1)).toEqual(scan(PEN))
    // What is text by its AIM identifier, its setting, its UTF-8, or by having no such digits, is text.
    expect(read(latin(`]Q1Grün 4006381333931\r`))).toEqual([scan('Grün 4006381333931', ']Q1')])
    expect(read(latin(`Grün ${PEN}\r`), { charset: 'latin1' })).toEqual([scan(`Grün ${PEN}`)])
    expect(read(`Grün ${PEN}\r`)).toEqual([scan(`Grün ${PEN}`)])
    expect(read(latin('Grün 4711\r'))).toEqual([scan('Grün 4711')])
    // ASCII before a code cannot be told from it: the whole is one longer code, and nothing is cut out of it.
    expect(read(`A${PEN}\r`)).toEqual([scan(`A${PEN}`)])
  })

  test('noise alone is told once, whether a terminator or a silence ends it', () => {
    expect(read('\u0000\u0001')).toEqual([{ kind: 'discard', code: 'scanner.garbled', bytes: 2 }])
    expect(read('\u0000\r\r\n\n')).toEqual([{ kind: 'discard', code: 'scanner.garbled', bytes: 1 }])
    expect(read('\r\n\r\n')).toEqual([])
  })

  test('a configured prefix and suffix frame a code that has line ends inside', () => {
    const framing: Framing = { prefix: '\u0002', suffix: { text: '\u0003' } }
    expect(read('\u0002BEGIN\r\nEND\u0003\u0002X\u0003', framing)).toEqual([scan('BEGIN\r\nEND'), scan('X')])
    expect(read('~~\u0002X\u0003', framing)).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 2 },
      scan('X'),
    ])
    expect(read('X\u0003\u0002Y\u0003', framing)).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 1 },
      scan('Y'),
    ])
  })

  test('a suffix is found however it is cut, and after a code that was too long', () => {
    const session = new ScanSession({ suffix: { text: '##' }, maxBytes: 5 })
    expect(session.bytes(bytesOf('A#B#'))).toEqual([])
    expect(session.bytes(bytesOf('#'))).toEqual([scan('A#B')])
    expect(session.bytes(bytesOf('123456789#'))).toEqual([])
    expect(session.bytes(bytesOf('#C##'))).toEqual([
      { kind: 'discard', code: 'scanner.too-long', bytes: 9 },
      scan('C'),
    ])
  })

  test('a pause alone can end a code; a lost line never does', () => {
    const session = new ScanSession({ suffix: 'silence' })
    expect([...session.bytes(bytesOf(PEN)), ...session.silence()]).toEqual([scan(PEN)])
    session.bytes(bytesOf('4006'))
    expect(session.lost()).toEqual([{ kind: 'discard', code: 'scanner.cut-off', bytes: 4 }])
    expect(session.lost()).toEqual([])
  })

  test.each([{ suffix: { text: '' } }, { prefix: 'x'.repeat(17) }, { maxBytes: 0 }, { maxBytes: 1.5 }])(
    'refuses the framing %j',
    framing => {
      expect(() => new ScanSession(framing)).toThrow('config.invalid')
    },
  )
})

describe('whatever the line does', () => {
  const code = fc.stringMatching(/^[0-9A-Za-z./-]{1,40}$/)
  const terminator = fc.constantFrom('\r', '\n', '\r\n')
  const chunks = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
    const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
    return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
  }

  test('a good code in any fragmentation is exactly one scan', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(code, terminator), { minLength: 1 }),
        fc.array(fc.nat()),
        (codes, cuts) => {
          const session = new ScanSession()
          const sent = bytesOf(codes.map(([text, end]) => text + end).join(''))
          const heard = chunks(sent, cuts).flatMap(chunk => [...session.bytes(chunk)])
          expect(heard).toEqual(codes.map(([text]) => scan(text)))
          expect(session.pending).toBe(false)
        },
      ),
    )
  })

  test('after any bytes and a silence or a terminator a good code is still read', () => {
    const noise = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(
        noise,
        fc.boolean(),
        fc.integer({ min: 1, max: 64 }),
        code,
        (junk, pause, maxBytes, text) => {
          const session = new ScanSession({ maxBytes: Math.max(maxBytes, text.length) })
          session.bytes(junk)
          if (pause) session.silence()
          else session.bytes(Uint8Array.of(0x0d))
          expect(session.bytes(bytesOf(`${text}\r`))).toEqual([scan(text)])
        },
      ),
    )
  })

  test('control bytes directly before a good code do not cost it', () => {
    const controls = fc.array(fc.constantFrom(0, 1, 2, 5, 7, 0x0b, 0x10, 0x1b, 0x7f, 0xff), { minLength: 1 })
    fc.assert(
      fc.property(controls, code, (junk, text) => {
        const heard = new ScanSession().bytes(Uint8Array.of(...junk, ...bytesOf(`${text}\r`)))
        expect(heard.at(-1)).toEqual(scan(text))
      }),
    )
  })

  test('no framing and no bytes make it throw or hold more than its limit', () => {
    const framing = fc.record({
      prefix: fc.constantFrom('', '\u0002', 'AB'),
      suffix: fc.constantFrom('line' as const, 'silence' as const, { text: '\u0003' }, { text: '\r\n' }),
      maxBytes: fc.integer({ min: 1, max: 50 }),
    })
    fc.assert(
      fc.property(framing, fc.array(fc.uint8Array({ maxLength: 80 })), (frame, parts) => {
        const session = new ScanSession(frame)
        for (const part of parts) {
          for (const event of session.bytes(part)) {
            if (event.kind === 'scan') expect(event.text.length).toBeLessThanOrEqual(frame.maxBytes)
          }
        }
        session.silence()
        expect(session.pending).toBe(false)
      }),
    )
  })
})
