// Magnetic stripes: what is handed on, and above all what is not.
import { swipeText } from '@cashdesk/hardware-sim'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScanSession } from './session.ts'
import { scanOf } from './text.ts'
import { readSwipe, readTracks } from './tracks.ts'

const LOYALTY = '2901234567890'
/** The schemes' public test numbers. */
const TEST_CARDS = [
  '4111111111111111',
  '5555555555554444',
  '371449635398431',
  '6011000990139424',
  '30569309025904',
]

describe('tracks', () => {
  const track1 = fc.string({
    unit: fc.constantFrom(...'%ABXYZ 0123456789/^.'.slice(1)),
    minLength: 1,
    maxLength: 76,
  })
  const track2 = fc.string({ unit: fc.constantFrom(...'0123456789='), minLength: 1, maxLength: 37 })

  test('are read back as they were written, with and without check characters', () => {
    fc.assert(
      fc.property(track1, track2, track2, fc.boolean(), (one, two, three, lrc) => {
        const text = swipeText({ track1: one, track2: two, track3: three }, { lrc })
        const { tracks, problems } = readTracks(text)
        expect(problems).toEqual([])
        expect(tracks.map(({ number, data }) => [number, data])).toEqual([
          [1, one],
          [2, two],
          [3, three],
        ])
        if (lrc) expect(tracks.every(track => track.lrc === 'right')).toBe(true)
      }),
    )
  })

  test('with one wrong character do not agree with their check character', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9]{1,37}$/),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        (data, place, by) => {
          const at = place % data.length
          const other = `${data.slice(0, at)}${(Number(data[at]) + by) % 10}${data.slice(at + 1)}`
          const lrc = swipeText({ track2: data }, { lrc: true }).at(-1) ?? ''
          const { tracks, problems } = readTracks(`;${other}?${lrc}\r`)
          // A check character that is a sentinel by chance may also begin another track.
          if (!/[%;+]/.test(lrc)) expect(problems).toMatchObject([{ what: 'wrong check character' }])
          expect(tracks.some(track => track.lrc === 'right')).toBe(false)
        },
      ),
    )
  })

  test('a track that the reader could not read does not cost the other one', () => {
    const swipe = readSwipe(swipeText({ track1: 'X', track2: LOYALTY }, { bad: 1 }))
    expect(swipe).toMatchObject({ kind: 'card', tracks: [{ number: 2, data: LOYALTY }] })
  })

  test('in lines of their own are one swipe', () => {
    expect(readTracks('%CARD^A?\r\n;123?\r\n').tracks).toMatchObject([{ data: 'CARD^A' }, { data: '123' }])
  })

  test.each([';123', '123?', '%?', ';12a?', '', ';E?'])('%j is unreadable', text => {
    expect(readSwipe(text)).toEqual({ kind: 'unreadable' })
  })
})

describe('a payment card', () => {
  test.each(TEST_CARDS)('%s leaves only its first six and last four digits', pan => {
    const one = `B${pan}^DOE/JANE^3012101000000000`
    const two = `${pan}=3012101000000123`
    for (const stripe of [{ track1: one }, { track2: two }, { track1: one, track2: two }, { track2: pan }]) {
      for (const lrc of [true, false]) {
        const event = scanOf(swipeText(stripe, { lrc }))
        expect(event).toEqual({
          kind: 'discard',
          code: 'scanner.payment-card',
          maskedPan: `${pan.slice(0, 6)}${'*'.repeat(pan.length - 10)}${pan.slice(-4)}`,
        })
      }
    }
  })

  test('is known by its fields where its last digit is wrong, and in a broken or truncated swipe', () => {
    for (const text of [
      ';4111111111111112=3012101000?',
      ';0123456789012=4111111111111111=3012101?',
      ';4111111111111111=3012101?X;',
      '%B4111111111111111^DOE/J',
      'x;4111111111111111=3012101000?',
      '4111111111111111=3012101000',
      '%B 4111 1111 1111 1111^DOE^3012101?',
    ]) {
      expect(JSON.stringify(scanOf(text))).not.toContain('1111111')
    }
  })

  test('goes no further whatever device it comes through', () => {
    const bytes = new TextEncoder().encode(`${swipeText({ track2: '4111111111111111=3012101000' })}\r`)
    expect(new ScanSession().bytes(bytes)).toMatchObject([{ code: 'scanner.payment-card' }])
    expect(JSON.stringify(new ScanSession().bytes(bytes))).not.toContain('3012')
  })

  test('no digits between the sixth and the last four ever leave a swipe', () => {
    const pan = fc.constantFrom(...TEST_CARDS)
    fc.assert(
      fc.property(
        pan,
        fc.string({ maxLength: 30 }),
        fc.string({ maxLength: 30 }),
        (number, before, behind) => {
          const text = `${before.replace(/\d/g, '')};${number}=3012101000?${behind.replace(/\d/g, '')}`
          expect(JSON.stringify(scanOf(text))).not.toContain(number.slice(4, -2))
        },
      ),
    )
  })
})

describe('a card of the shop', () => {
  test('is handed on with its tracks, its number as the text', () => {
    expect(scanOf(swipeText({ track1: `L${LOYALTY}^DOE`, track2: LOYALTY }, { lrc: true }))).toEqual({
      kind: 'scan',
      text: LOYALTY,
      stripe: {
        tracks: [
          { track: 1, data: `L${LOYALTY}^DOE` },
          { track: 2, data: LOYALTY },
        ],
      },
    })
  })

  test('may have a number like a payment card’s if the shop says so', () => {
    const gift = ';6006490000000000012=4912101?'
    expect(scanOf(gift)).toMatchObject({ code: 'scanner.payment-card' })
    expect(scanOf(gift, { ownCards: ['600649'] })).toMatchObject({ kind: 'scan' })
    expect(scanOf(gift, { ownCards: [''] })).toMatchObject({ code: 'scanner.payment-card' })
  })

  test('beside a payment card’s number does not let that one pass', () => {
    for (const pan of TEST_CARDS)
      expect(scanOf(`%6006491234567890123?;${pan}=29121010000?`, { ownCards: ['600649'] })).toMatchObject({
        kind: 'discard',
        code: 'scanner.payment-card',
      })
  })
})

test('a second track that was typed with D for its separator is a payment card as well', () => {
  for (const pan of TEST_CARDS)
    expect(scanOf(`${pan}D29121010000`, {})).toMatchObject({ kind: 'discard', code: 'scanner.payment-card' })
})

test('an article whose serial or batch begins with D is none, however many digits stand before it', () => {
  const article = '0109506000134352'
  for (const text of [`${article}21D1234567`, `${article}10D2509123`, `\u001d${article}21D2912101`])
    expect(scanOf(text)).toEqual({ kind: 'scan', text })
  for (const aim of [']C1', ']e0', ']d2', ']Q3', ']J1'])
    expect(scanOf(`${aim}${article}21D1234567`)).toEqual({ kind: 'scan', text: `${article}21D1234567`, aim })
  for (const pan of TEST_CARDS) expect(scanOf(`]C1${pan}D29121010000`)).toMatchObject({ kind: 'discard' })
})
