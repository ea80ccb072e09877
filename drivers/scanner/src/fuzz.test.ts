// Every reader of the driver against seeded nonsense: random bytes, good input cut off and with flipped bits. Nothing may
// throw, grow without bound, let a card number through, or cost the next good code. FUZZ=100000 for a long run.
import { hidDescriptor, hidReports, swipeText, typedKeys } from '@cashdesk/hardware-sim'
import { describe, expect, test, vi } from 'vitest'
import { MAX_CODE_BYTES } from './frames.ts'
import { readDescriptor } from './hid-descriptor.ts'
import { HID_LAYOUTS, type HidLayout, layoutOf } from './hid-layout.ts'
import { HidSession } from './hid-session.ts'
import { type Framing, ScanSession } from './session.ts'
import { type ScanEvent, scanOf } from './text.ts'
import { readSwipe, readTracks } from './tracks.ts'
import { type KeyPress, WedgeSession } from './wedge-session.ts'

const ROUNDS = Number(process.env['FUZZ'] ?? 2000)
vi.setConfig({ testTimeout: 90_000 + ROUNDS })

const PEN = '4006381333931'
const PAN = '4111111111111111'

/** Random whole numbers below `most`, the same for every run. */
type Draw = (most: number) => number
function seeded(seed: number): Draw {
  let state = seed
  return most => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * most)
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Random bytes, or one of `good`: whole, cut off, or with some bits flipped. */
function bent(draw: Draw, good: readonly Uint8Array[]): Uint8Array {
  if (draw(4) === 0) return Uint8Array.from({ length: draw(90) }, () => draw(256))
  const whole = good[draw(good.length)] ?? new Uint8Array()
  const bytes = whole.slice(0, draw(3) === 0 ? draw(whole.length + 1) : whole.length)
  for (let flips = draw(4); flips > 0 && bytes.length > 0; flips -= 1) {
    const at = draw(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8))
  }
  return bytes
}

const textsOf = (events: readonly ScanEvent[]): readonly string[] =>
  events.flatMap(event => (event.kind === 'scan' ? [event.text] : []))

/** What was told as thrown away, in bytes or keys. */
const discardedBy = (events: readonly ScanEvent[]): number =>
  events.reduce((sum, event) => sum + ('bytes' in event ? event.bytes : 0), 0)

describe('a report descriptor', () => {
  const good = [hidDescriptor('counted'), hidDescriptor('padded')]
  const placesOf = ({ count, aim, data }: HidLayout): readonly number[] => [
    data.at,
    data.at + data.length - 1,
    ...(count === undefined ? [] : [count]),
    ...(aim ?? []),
  ]

  test('however bent, gives no layout, or one that stays within its report and reads on', () => {
    const draw = seeded(3)
    let layouts = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const bytes = bent(draw, good)
      expect(readDescriptor(bytes)?.fields.length ?? 0).toBeLessThanOrEqual(bytes.length)
      const layout = layoutOf(bytes)
      if (layout === undefined) continue
      layouts += 1
      expect(layout.data.length).toBeGreaterThan(0)
      for (const place of placesOf(layout)) {
        expect(place).toBeGreaterThanOrEqual(layout.report === 0 ? 0 : 1)
        expect(place).toBeLessThan(layout.bytes)
      }
      // A flag of no bits, which only a bent descriptor has, stands right behind the report: there it is never set.
      expect(layout.continued?.at ?? 0).toBeLessThanOrEqual(layout.bytes)
      const session = new HidSession(layout)
      session.bytes(
        Uint8Array.from({ length: layout.bytes }, (_, at) => (at === 0 ? layout.report : draw(256))),
      )
      session.silence()
      expect(session.pending).toBe(false)
    }
    expect(layouts).toBeGreaterThan(ROUNDS / 10)
  })

  test('cannot ask for more than its bounds', () => {
    const field = '75089501 09fe8102'
    const inside = (text: string): string => `058c0902a101${text}c0`
    expect(readDescriptor(Buffer.from(inside(field).replaceAll(' ', ''), 'hex'))).toBeDefined()
    // Size and count as large as they can be said; usages, collections, saved states and fields without end.
    for (const text of [
      inside('77ffffffff 97ffffffff 09fe8102'),
      inside(`7508 9501 1900 2affff 8102`),
      `058c0902${'a101'.repeat(17)}${field}${'c0'.repeat(17)}`,
      inside(`${'a4'.repeat(17)}${field}`),
      inside(`${field}${'8102'.repeat(1024)}`),
    ])
      expect(readDescriptor(Buffer.from(text.replaceAll(' ', ''), 'hex'))).toBeUndefined()
  })
})

describe('HID reports', () => {
  test.each(['counted', 'padded'] as const)('%s ones, however bent, cost no code behind them', model => {
    const draw = seeded(5)
    const [pen = new Uint8Array(), ...rest] = hidReports(PEN, { model, aim: ']E0' })
    const good = [pen, ...rest, ...hidReports('L'.repeat(130), { model, aim: ']Q1' })]
    for (let round = 0; round < ROUNDS; round += 1) {
      const session = new HidSession(HID_LAYOUTS[model])
      const [events, given]: [ScanEvent[], Uint8Array[]] = [[], []]
      for (let left = draw(8); left > 0; left -= 1) {
        const report = bent(draw, good)
        given.push(report)
        const said = session.bytes(report)
        // A report that is too short is no code, whatever it says of itself.
        if (report.length < pen.length) expect(textsOf(said)).toEqual([])
        events.push(...said)
      }
      expect(events.length).toBeLessThanOrEqual(2 * given.length)
      expect(discardedBy(events)).toBeLessThanOrEqual(given.reduce((sum, each) => sum + each.length, 0))
      session.silence()
      expect(session.pending).toBe(false)
      expect(session.bytes(pen)).toEqual([{ kind: 'scan', text: PEN, aim: ']E0' }])
    }
  })
})

describe('a line', () => {
  const framings: readonly (readonly [Framing, string])[] = [
    [{}, `${PEN}\r`],
    [{ suffix: 'silence' }, PEN],
    [{ prefix: '\u0002', suffix: { text: '\u0003' } }, `\u0002${PEN}\u0003`],
    [{ maxBytes: 20, charset: 'utf-8' }, `${PEN}\r\n`],
  ]

  test.each(framings)('framed by %j takes any bytes, and reads the code behind a pause', (framing, code) => {
    const draw = seeded(7)
    const good = [code, `]C10104006381333931\u001d21XYZ${code}`, `${'8'.repeat(30)}${code}`, 'ä€\r'].map(
      bytesOf,
    )
    for (let round = 0; round < ROUNDS; round += 1) {
      const session = new ScanSession(framing)
      const events: ScanEvent[] = []
      let given = 0
      for (let left = draw(6); left > 0; left -= 1) {
        const bytes = bent(draw, good)
        given += bytes.length
        events.push(...session.bytes(bytes), ...(draw(4) === 0 ? session.silence() : []))
      }
      events.push(...(draw(2) === 0 ? session.silence() : session.lost()))
      expect(session.pending).toBe(false)
      expect(discardedBy(events)).toBeLessThanOrEqual(given)
      for (const text of textsOf(events))
        expect(text.length).toBeLessThanOrEqual(framing.maxBytes ?? MAX_CODE_BYTES)
      expect(textsOf([...session.bytes(bytesOf(code)), ...session.silence()])).toEqual([PEN])
    }
  })
})

describe('keys', () => {
  // A French keyboard has its digits behind Shift.
  const pen = (from: number, shift: boolean): readonly KeyPress[] =>
    typedKeys(PEN, { from }).map(press => ({ ...press, shift }))

  test('in any order and at any pace cost no code behind a pause', () => {
    const draw = seeded(11)
    const codes = [
      'Digit1',
      'Digit9',
      'Numpad5',
      'KeyA',
      'ShiftLeft',
      'F8',
      'Enter',
      'Tab',
      'BracketRight',
      '',
      'Ü',
    ]
    for (let round = 0; round < ROUNDS; round += 1) {
      const keyboard = (['us', 'uk', 'de', 'fr'] as const)[draw(4)] ?? 'us'
      const session = new WedgeSession({ keyboard })
      const events: ScanEvent[] = []
      let at = 0
      const presses = draw(60)
      for (let left = presses; left > 0; left -= 1) {
        at += [2, 12, 49, 51, 99, 101, 600, -50][draw(8)] ?? 0
        const [shift, ctrl, alt, repeat] = [draw(3) === 0, draw(9) === 0, draw(9) === 0, draw(20) === 0]
        const code = draw(2) === 0 ? `Digit${draw(10)}` : (codes[draw(codes.length)] ?? '')
        events.push(
          ...session.key({ code, key: String.fromCharCode(draw(256)), shift, ctrl, alt, repeat, at }),
        )
      }
      events.push(...session.silence())
      expect(session.pending).toBe(false)
      expect(discardedBy(events)).toBeLessThanOrEqual(presses)
      expect(textsOf(pen(at + 1000, keyboard === 'fr').flatMap(press => session.key(press)))).toEqual([PEN])
    }
  })
})

describe('tracks', () => {
  const card = swipeText(
    { track1: `B${PAN}^DOE/JOHN^29121010000000000000`, track2: `${PAN}=29121010000000000` },
    { lrc: true },
  )
  const shop = swipeText({ track1: 'L12345^ANY', track2: '0123456789', track3: '99=345' }, { lrc: true })

  test('however bent, are within the text, and its reading ends', () => {
    const draw = seeded(13)
    for (let round = 0; round < ROUNDS; round += 1) {
      const text = new TextDecoder('latin1').decode(bent(draw, [bytesOf(card), bytesOf(shop)]))
      const { tracks, problems } = readTracks(text)
      expect(tracks.length + problems.length).toBeLessThanOrEqual(text.length)
      for (const { at, data } of tracks) expect(text.slice(at + 1, at + 1 + data.length)).toBe(data)
      for (const { at } of problems) expect(at).toBeLessThan(text.length)
      expect(['card', 'payment', 'unreadable']).toContain(readSwipe(text).kind)
    }
  })

  test('of a payment card stay where they are with any one character beside the number wrong', () => {
    const draw = seeded(17)
    const beside = [...card].flatMap((character, at) => (/\d/.test(character) ? [] : [at]))
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = beside[draw(beside.length)] ?? 0
      const other = String.fromCharCode(0x20 + draw(95)).replace(/\d/, '#')
      const text = card.slice(0, at) + other + card.slice(at + 1)
      expect(JSON.stringify(scanOf(text))).not.toContain(PAN.slice(6, -4))
    }
  })
})
