// Stripe readers in HID mode: the descriptor that MagTek publishes and one by the usage tables, reports of the simulated reader,
// and the driver on a simulated bus. No real reader has been seen by these tests.
import { HidBus, hidStripeDescriptor, hidStripeReport, SimClock } from '@cashdesk/hardware-sim'
import type { CashdeskError, Scan, ScannerHost } from '@cashdesk/kernel'
import { describe, expect, test } from 'vitest'
import { hidStripeReaderFrom } from './driver.ts'
import { layoutOf } from './hid-layout.ts'
import { HID_STRIPE_LAYOUTS, HidStripeSession, stripeLayoutOf } from './hid-stripe.ts'

const MODELS = ['magtek', 'pos'] as const
const OWN = { track1: 'CLUB MEMBER/ANN', track2: '9988776655', track3: '0100' }
const ROUNDS = Number(process.env['FUZZ'] ?? 2000)
/** A public test number. */
const PAYMENT = {
  track1: 'B4111111111111111^DOE/JANE^29121010000000000',
  track2: '4111111111111111=29121010000000000',
}

const sessionOf = (model: 'magtek' | 'pos', ownCards?: readonly string[]): HidStripeSession => {
  const layout = stripeLayoutOf(hidStripeDescriptor(model))
  if (layout === undefined) throw new TypeError('no layout')
  return new HidStripeSession(layout, ownCards === undefined ? {} : { ownCards })
}

describe('a report descriptor', () => {
  test('of a MagTek reader gives the layout of its manual', () => {
    expect(stripeLayoutOf(hidStripeDescriptor('magtek'))).toEqual(HID_STRIPE_LAYOUTS.magtek)
  })

  test('by the usage tables says where the tracks are, however long', () => {
    expect(stripeLayoutOf(hidStripeDescriptor('pos'))).toEqual({
      report: 5,
      bytes: 236,
      tracks: [
        { number: 1, data: { at: 4, length: 80 }, count: 1 },
        { number: 2, data: { at: 84, length: 42 }, count: 2 },
        { number: 3, data: { at: 126, length: 110 }, count: 3 },
      ],
    })
  })

  test('of something else, or a broken one, describes no stripe reader', () => {
    for (const model of MODELS) {
      const good = hidStripeDescriptor(model)
      expect(layoutOf(good)).toBeUndefined()
      for (let length = 0; length < good.length; length += 1)
        expect(stripeLayoutOf(good.slice(0, length))).toBeUndefined()
    }
  })
})

describe.each(MODELS)('a swipe through a %s reader', model => {
  test("of the shop's own card is a scan of its number, with all tracks", () => {
    const report = hidStripeReport(OWN, { model })
    expect(sessionOf(model).bytes(report)).toEqual([
      {
        kind: 'scan',
        text: OWN.track2,
        stripe: {
          tracks: [
            { track: 1, data: OWN.track1 },
            { track: 2, data: OWN.track2 },
            { track: 3, data: OWN.track3 },
          ],
        },
      },
    ])
  })

  test('of a payment card is told masked, whichever track could be read', () => {
    for (const stripe of [PAYMENT, { track1: PAYMENT.track1 }, { track2: PAYMENT.track2 }]) {
      const told = sessionOf(model).bytes(hidStripeReport(stripe, { model }))
      expect(told).toEqual([{ kind: 'discard', code: 'scanner.payment-card', maskedPan: '411111******1111' }])
    }
    const own = sessionOf(model, ['411111']).bytes(hidStripeReport(PAYMENT, { model }))
    expect(own).toMatchObject([{ kind: 'scan', text: PAYMENT.track2 }])
  })

  test('with a track that could not be read hands on the others', () => {
    expect(sessionOf(model).bytes(hidStripeReport(OWN, { model, bad: 1 }))).toMatchObject([
      { kind: 'scan', text: OWN.track2, stripe: { tracks: [{ track: 2 }, { track: 3 }] } },
    ])
  })

  test('that is empty, encrypted or half there is garbled, and the next counts', () => {
    const session = sessionOf(model)
    const good = hidStripeReport(OWN, { model })
    const encrypted = good.slice()
    encrypted[model === 'magtek' ? 120 : 90] = 0x9c
    const tooLong = good.slice()
    tooLong[model === 'magtek' ? 4 : 2] = 255
    for (const bad of [hidStripeReport({}, { model }), encrypted, tooLong, good.slice(0, 60)]) {
      expect(session.bytes(bad)).toMatchObject([{ kind: 'discard', code: 'scanner.garbled' }])
      expect(session.bytes(good)).toMatchObject([{ kind: 'scan', text: OWN.track2 }])
    }
    if (model === 'pos') expect(session.bytes(Uint8Array.of(6, 1, 2))).toEqual([])
  })
})

describe('bent by seed', () => {
  let state = 11
  const draw = (most: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * most)
  }
  const bent = (good: Uint8Array): Uint8Array => {
    const bytes = good.slice(0, draw(3) === 0 ? draw(good.length + 1) : good.length)
    for (let flips = draw(4); flips > 0 && bytes.length > 0; flips -= 1) {
      const at = draw(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8))
    }
    return bytes
  }

  test.each(MODELS)('a descriptor stays within its report; a card number goes nowhere: %s', model => {
    let layouts = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const layout = stripeLayoutOf(bent(hidStripeDescriptor(model)))
      if (layout !== undefined) {
        layouts += 1
        expect(layout.tracks.length).toBeLessThanOrEqual(12)
        for (const { data } of layout.tracks) expect(data.at + data.length).toBeLessThanOrEqual(layout.bytes)
        const report = Uint8Array.from({ length: layout.bytes }, () => draw(256))
        new HidStripeSession({ ...layout, report: 0 }).bytes(report)
      }
      // What bends a digit of the number makes another number of it; everything else must not let it through.
      const session = sessionOf(model)
      const told = JSON.stringify(session.bytes(bent(hidStripeReport(PAYMENT, { model }))))
      expect(told).not.toContain('4111111111111111')
      expect(session.bytes(hidStripeReport(OWN, { model }))).toMatchObject([{ text: OWN.track2 }])
    }
    expect(layouts).toBeGreaterThan(ROUNDS / 10)
  })
})

test('a reader is found by what it says it is, read, lost and found again; a scanner is none', async () => {
  const [bus, clock] = [new HidBus(), new SimClock()]
  const reader = hidStripeReaderFrom(async () => bus.module, { layout: hidStripeDescriptor('pos') })
  const heard: string[] = []
  const host: ScannerHost = {
    clock,
    random: { bytes: length => new Uint8Array(length) },
    log: () => undefined,
    healthChanged: () => undefined,
    scanned: ({ text }: Scan) => heard.push(text),
    discarded: (error: CashdeskError) => heard.push(error.code),
  }
  await reader.open(host)
  bus.plug('gun')
  // Another maker's device on a page of its own.
  bus.plug('secret', 0xff00, 1)
  await clock.settle(30_000)
  expect(reader.health()).toMatchObject({ state: 'absent', trouble: { code: 'transport.unreachable' } })
  for (const [page, vendor] of [
    [0x8e, 0x1234],
    [0xff00, 0x0801],
  ] as const) {
    bus.plug('stripes', page, 1, vendor)
    await clock.settle(30_000)
    bus.send('stripes', hidStripeReport(OWN, { model: 'pos' }))
    bus.send('stripes', hidStripeReport(PAYMENT, { model: 'pos' }))
    await clock.settle(1_000)
    bus.unplug('stripes')
  }
  expect(heard).toEqual([OWN.track2, 'scanner.payment-card', OWN.track2, 'scanner.payment-card'])
  await reader.close()
  expect(clock.pending).toBe(0)
})
