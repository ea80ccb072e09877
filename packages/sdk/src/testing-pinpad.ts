// The customer at the kit's PIN pad: types at once, and never the same block twice.
import { type DeviceHealth, done, type Outcome, type PinBlock, type Pinpad } from '@cashdesk/kernel'

export class KitPinpad implements Pinpad {
  readonly family = 'pinpad'
  readonly name = 'kit PIN pad'
  #entries = 0

  health(): DeviceHealth {
    return { family: 'pinpad', name: this.name, state: 'ready', counts: {}, facts: {} }
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async enterPin(): Promise<Outcome<PinBlock>> {
    this.#entries += 1
    const count = this.#entries.toString(16).toUpperCase()
    return done({
      format: 'iso-4',
      blockHex: count.padStart(32, 'C0FFEE'),
      ksnHex: count.padStart(24, '0'),
    })
  }

  async show(): Promise<Outcome<null>> {
    return done(null)
  }

  async cancel(): Promise<void> {}
}
