// What a magnetic stripe reader in HID mode sends: its report descriptor and one report a swipe. Own tables: the descriptor that
// MagTek publishes for its USB HID swipe readers, and one on the page that the HID Point of Sale Usage Tables 1.02 made for them.
import { CashdeskError } from '@cashdesk/kernel'
import type { Stripe, Swiping } from './stripe.ts'

export type HidStripeModel = 'magtek' | 'pos'

interface Model {
  /** As the device gives it, in hexadecimal. */
  readonly descriptor: string
  readonly reportBytes: number
  /** The report's number; undefined: it has none. */
  readonly number?: number
  /** Of tracks 1 to 3: where the state stands, the length, the data, and room for how many. */
  readonly places: readonly (readonly [state: number, length: number, data: number, room: number])[]
  /** Are sentinels part of the data? */
  readonly sentinels: boolean
}

const MODELS: { readonly [model in HidStripeModel]: Model } = {
  magtek: {
    descriptor:
      '0600ff 0901 a101 1500 26ff00 7508 0920 0921 0922 0928 0929 092a 0938 9507 8102' +
      '0930 956e 820201 0931 956e 820201 0932 956e 820201 0920 9518 b20201 c0',
    reportBytes: 337,
    places: [
      [0, 3, 7, 110],
      [1, 4, 117, 110],
      [2, 5, 227, 110],
    ],
    sentinels: true,
  },
  // Number 5; three lengths as a range of usages, then the tracks: 80, 42 and 110 bytes without their sentinels.
  pos: {
    descriptor:
      '058e 0901 a101 8505 1500 26ff00 7508 1911 2913 9503 8102' +
      '0921 9550 820201 0922 952a 820201 0923 956e 820201 c0',
    reportBytes: 236,
    number: 5,
    places: [
      [-1, 1, 4, 80],
      [-1, 2, 84, 42],
      [-1, 3, 126, 110],
    ],
    sentinels: false,
  },
}

export function hidStripeDescriptor(model: HidStripeModel): Uint8Array {
  return Uint8Array.from(Buffer.from(MODELS[model].descriptor.replaceAll(' ', ''), 'hex'))
}

/** The report of one swipe; what stood in it before is left behind the data. @throws CashdeskError `sim.usage` */
export function hidStripeReport(
  stripe: Stripe,
  { model, bad }: Pick<Swiping, 'bad'> & { readonly model: HidStripeModel },
): Uint8Array {
  const { reportBytes, number, places, sentinels } = MODELS[model]
  const report = new Uint8Array(reportBytes)
  if (number !== undefined) report[0] = number
  const tracks = [stripe.track1, stripe.track2, stripe.track3]
  for (const [index, [state, length, data, room]] of places.entries()) {
    const track = tracks[index]
    report.fill(0x39, data, data + room)
    if (bad === index + 1) {
      if (state >= 0) report[state] = 1
      continue
    }
    if (track === undefined) continue
    const text = sentinels ? `${'%;;'.charAt(index)}${track}?` : track
    if (text.length > room) throw new CashdeskError('sim.usage', { track: index + 1, most: room })
    report[length] = text.length
    report.set(Buffer.from(text, 'latin1'), data)
  }
  return report
}
