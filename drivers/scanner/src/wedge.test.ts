// The keyboard wedge: a scanner's typing is a scan, a person's is none, and a doubtful code is not sold.
import { SimClock, typedKeys } from '@cashdesk/hardware-sim'
import { type CashdeskError, checkDigit, type Scan } from '@cashdesk/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScanEvent } from './text.ts'
import { wedgeScanner } from './wedge.ts'
import { type KeyPress, type WedgeOptions, WedgeSession } from './wedge-session.ts'

const PEN = '4006381333931'
const SERIAL = 'AB-7719-XYZ'

function read(keys: readonly KeyPress[], options: WedgeOptions = {}): readonly ScanEvent[] {
  const session = new WedgeSession(options)
  return [...keys.flatMap(key => [...session.key(key)]), ...session.silence()]
}

const typed = (text: string, at: number): KeyPress => ({ code: '', key: text, shift: false, at })

describe('a scanner that types', () => {
  test.each(['us', 'de'] as const)('on a %s keyboard gives every character it has keys for', country => {
    const characters =
      country === 'us' ? 'aAzZyY019 !"#$%&\'()*+,-./:;<=>?@_^[]' : 'aAzZyY019 !"%&/()=?*+#\',;.:-_<>'
    const code = fc.string({ unit: fc.constantFrom(...characters), minLength: 6, maxLength: 60 })
    fc.assert(
      fc.property(code, fc.integer({ min: 1, max: 50 }), (text, intervalMs) => {
        fc.pre(!/^[%;+]|^\][A-Za-z]\w/.test(text) && !/\d{12}/.test(text))
        expect(read(typedKeys(text, { country, intervalMs }), { keyboard: country })).toEqual([
          { kind: 'scan', text },
        ])
      }),
    )
  })

  test('has its AIM identifier and FNC1 understood, however FNC1 is typed', () => {
    const code = ']d20104006381333931217<GS>10B'
    const expected = [{ kind: 'scan', aim: ']d2', text: '0104006381333931217\u001d10B' }]
    expect(read(typedKeys(code))).toEqual(expected)
    expect(read(typedKeys(code.replace('<GS>', '^')), { fnc1: '^' })).toEqual(expected)
    const asF8 = typedKeys(code.replace('<GS>', '^')).map(key =>
      key.code === 'Digit6' && key.shift ? { ...key, code: 'F8', shift: false } : key,
    )
    expect(read(asF8, { fnc1: 'F8' })).toEqual(expected)
    const alt = typedKeys(code.replace('<GS>', '^')).flatMap((key): KeyPress[] =>
      key.code === 'Digit6' && key.shift
        ? [0, 2, 9].map((digit, at) => ({ code: `Numpad${digit}`, shift: false, alt: true, at: key.at + at }))
        : [key],
    )
    expect(read(alt)).toEqual(expected)
  })

  test('is not disturbed by modifiers, and a held key is not its doing', () => {
    const keys = typedKeys(PEN).flatMap((key): KeyPress[] => [
      { code: 'ShiftLeft', shift: true, at: key.at },
      key,
      { ...key, repeat: true },
    ])
    expect(read(keys)).toEqual([{ kind: 'scan', text: PEN }])
  })
})

describe('a person who types', () => {
  test('is no scanner, however long the number', () => {
    expect(read(typedKeys(PEN, { intervalMs: 65 }))).toEqual([])
    expect(read(typedKeys(PEN, { intervalMs: 200 }))).toEqual([])
    expect(read(typedKeys('12345', { intervalMs: 10 }))).toEqual([])
  })

  test('does not cost the scan behind their typing, nor get into it', () => {
    for (const pause of [20, 60, 90, 300]) {
      const human = typed('7', 0)
      const events = read([human, ...typedKeys(PEN, { from: pause })])
      const scans = events.filter(event => event.kind === 'scan')
      if (pause > 50) expect(scans).toEqual([{ kind: 'scan', text: PEN }])
      expect(scans.every(scan => 'text' in scan && [PEN, `7${PEN}`].includes(scan.text))).toBe(true)
    }
  })

  test('who hits a key right before a serial makes it doubtful: it is scanned again', () => {
    expect(read([typed('7', 0), ...typedKeys(SERIAL, { from: 70 })])).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 12 },
    ])
    expect(read([typed('7', 0), ...typedKeys(SERIAL, { from: 600 })])).toEqual([
      { kind: 'scan', text: SERIAL },
    ])
  })

  test('never makes a UPC-A an EAN-13 by a key before it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9]{11}$/),
        fc.nat(9),
        fc.integer({ min: 51, max: 99 }),
        (body, digit, pause) => {
          const upc = `${body}${checkDigit(body)}`
          for (const event of read([typed(String(digit), 0), ...typedKeys(upc, { from: pause })])) {
            if (event.kind === 'scan') expect(event.text).toBe(upc)
          }
        },
      ),
    )
  })
})

describe('a scan that is not whole', () => {
  test('is cut off without its ending, and the next one is read', () => {
    const session = new WedgeSession()
    const heard = [...typedKeys(PEN, { ending: 'none' }), ...typedKeys(PEN, { from: 1000 })].flatMap(key => [
      ...session.key(key),
    ])
    expect(heard).toEqual([
      { kind: 'discard', code: 'scanner.cut-off', bytes: 13 },
      { kind: 'scan', text: PEN },
    ])
  })

  test('with a hiccup inside is read if it proves itself, and not otherwise', () => {
    const pause = { before: 8, ms: 70 }
    expect(read(typedKeys(PEN, { pause }))).toEqual([{ kind: 'scan', text: PEN }])
    expect(read(typedKeys(SERIAL, { pause }))).toEqual([
      { kind: 'discard', code: 'scanner.garbled', bytes: 11 },
    ])
    for (const event of read(typedKeys(SERIAL, { pause: { before: 6, ms: 150 } }))) {
      expect(event.kind).toBe('discard')
    }
  })

  test('after a hiccup anywhere is the whole code or none', () => {
    fc.assert(
      fc.property(
        fc.nat(13),
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom(PEN, SERIAL),
        (before, ms, code) => {
          for (const event of read(typedKeys(code, { pause: { before, ms } }))) {
            if (event.kind === 'scan') expect(event.text).toBe(code)
          }
        },
      ),
    )
  })

  test('that is endless is discarded, in bounded memory', () => {
    const events = read(typedKeys('9'.repeat(8000), { intervalMs: 1 }))
    expect(events).toMatchObject([{ kind: 'discard', code: 'scanner.too-long' }])
  })
})

describe('the wedge’s glue', () => {
  test('hands scans to the till it was given to, and a pause ends a code', async () => {
    const clock = new SimClock()
    const { scanner, key } = wedgeScanner({ name: 'hand scanner' })
    const [scans, errors]: [Scan[], CashdeskError[]] = [[], []]
    for (const press of typedKeys(PEN)) key(press)
    await scanner.open({
      clock,
      random: { bytes: length => new Uint8Array(length) },
      log: () => undefined,
      healthChanged: () => undefined,
      scanned: scan => scans.push(scan),
      discarded: error => errors.push(error),
    })
    expect(scanner.health().state).toBe('ready')
    for (const press of typedKeys(PEN, { ending: 'none' })) key(press)
    await clock.settle(1000)
    for (const press of typedKeys(PEN, { from: 5000 })) key(press)
    for (const press of typedKeys(';4111111111111111=3012101?', { from: 9000 })) key(press)
    expect(scans).toMatchObject([{ text: PEN, source: 'hand scanner' }])
    expect(errors.map(({ code }) => code)).toEqual(['scanner.cut-off', 'scanner.payment-card'])
    expect(JSON.stringify(errors.map(error => error.report))).not.toContain('11111111111')
    await scanner.close()
    for (const press of typedKeys(PEN, { from: 20_000 })) key(press)
    expect(scans.length).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test.each([{ charMs: 0 }, { endMs: Number.NaN }, { minLength: 6000 }])('refuses %j', options => {
    expect(() => wedgeScanner(options)).toThrow('config.invalid')
  })
})
