// A PIN pad that follows a script, for tests of the sdk: it tells what it was asked and what it gave.
import type { DeviceHealth, Outcome, PinBlock, PinHooks, Pinpad, PinRequest } from '@cashdesk/kernel'
import { done, refused, report, unknown } from '@cashdesk/kernel'

/** What the customer does at the next entry. `after`: types it then, even if nobody waits for it any more. */
export type PinAct = 'enter' | 'cancel' | 'lose' | 'break' | { readonly after: Promise<void> }

export class ScriptedPinpad implements Pinpad {
  readonly family = 'pinpad'
  readonly name = 'scripted PIN pad'
  readonly asked: PinRequest[] = []
  readonly given: PinBlock[] = []
  /** Entries that the till ended. */
  ended = 0
  script: PinAct[] = []
  #busy = false

  health(): DeviceHealth {
    return { family: 'pinpad', name: this.name, state: 'ready', counts: {}, facts: {} }
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async enterPin(request: PinRequest, { signal, onMessage }: PinHooks = {}): Promise<Outcome<PinBlock>> {
    if (this.#busy) return refused(report('pinpad.busy'))
    this.#busy = true
    this.asked.push(request)
    signal?.addEventListener(
      'abort',
      () => {
        this.ended += 1
      },
      { once: true },
    )
    onMessage?.('Please enter your PIN')
    try {
      const act = this.script.shift() ?? 'enter'
      if (act === 'cancel') return refused(report('pinpad.cancelled'))
      if (act === 'lose') return unknown(report('pinpad.link-lost'))
      if (act === 'break') throw new TypeError('a mistake in the driver')
      if (typeof act === 'object') await act.after
      const block: PinBlock = {
        format: 'iso-4',
        blockHex: `ABCDEF0123456789ABCDEF012345${String(this.given.length).padStart(4, '0')}`,
        ksnHex: `12345678901234560000${String(this.given.length).padStart(4, '0')}`,
      }
      this.given.push(block)
      return done(block)
    } finally {
      this.#busy = false
    }
  }

  async show(): Promise<Outcome<null>> {
    return done(null)
  }

  async cancel(): Promise<void> {}
}
