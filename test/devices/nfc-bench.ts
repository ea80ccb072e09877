// A till, a service of its own and cards on it, for the tests on a real smart-card service.
import { createRequire } from 'node:module'
import {
  type CardSim,
  missingForPcscd,
  type Pcscd,
  type SimulatedCard,
  startCardSim,
  startPcscd,
  tag,
} from '@cashdesk/hardware-sim'
import type { CashdeskError, Clock, DeviceHealth, NfcReader, Tap } from '@cashdesk/kernel'
import { type NfcOptions, nfcReader } from '@cashdesk/nfc'

export const missing: string | undefined = missingForPcscd()
const require = createRequire(new URL('../../drivers/nfc/package.json', import.meta.url))

type BindingName = 'nfc-pcsc' | 'pcsc-mini'
export const PACKAGES: readonly (readonly [BindingName, string | undefined])[] = [
  ['nfc-pcsc', absent('nfc-pcsc')],
  ['pcsc-mini', absent('pcsc-mini')],
]

/** Why a package cannot be used here. */
function absent(name: string): string | undefined {
  try {
    require(name)
    return undefined
  } catch {
    return `${name} is not built: apt install libpcsclite-dev g++ make python3, then npm ci`
  }
}

const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

/** The till's side: everything it was told, and a way to wait for the next of it. */
export class Till {
  readonly reader: NfcReader
  readonly taps: Tap[] = []
  readonly gone: string[] = []
  readonly discards: CashdeskError[] = []
  #changed: (() => void)[] = []

  constructor(options: NfcOptions) {
    this.reader = nfcReader(options)
  }

  async open(): Promise<this> {
    const noted =
      <T>(list: T[]) =>
      (item: T): void => {
        list.push(item)
        this.#wake()
      }
    await this.reader.open({
      clock,
      random: { bytes: length => new Uint8Array(length) },
      log: () => undefined,
      healthChanged: () => this.#wake(),
      tapped: noted(this.taps),
      removed: ({ card }) => noted(this.gone)(card),
      discarded: noted(this.discards),
    })
    return this
  }

  /** Waits until `reached` says so; the test's time limit is the only one. */
  async until(reached: (till: Till) => boolean): Promise<void> {
    while (!reached(this)) {
      await new Promise<void>(resolve => {
        this.#changed.push(resolve)
        setTimeout(resolve, 200)
      })
    }
  }

  health = (): DeviceHealth => this.reader.health()

  #wake(): void {
    for (const resolve of this.#changed.splice(0)) resolve()
  }
}

let service: Pcscd | undefined
export const open: { close(): Promise<void> }[] = []

export async function serve(): Promise<Pcscd> {
  const started = await startPcscd()
  service = started
  return started
}

export async function till(options: NfcOptions): Promise<Till> {
  const one = new Till({ socket: service?.socket ?? '/nowhere', ...options })
  open.push(one.reader)
  return one.open()
}

export async function card(simulated: SimulatedCard): Promise<CardSim> {
  const sim = await startCardSim({ card: simulated, port: service?.port ?? 0 })
  open.push(sim)
  return sim
}

export const ready = (one: Till): boolean => one.health().state === 'ready'
export const TAG = (): SimulatedCard =>
  tag({ uid: '04a1b2c3d4e580', ndef: [{ uri: 'https://a.example/k/1' }] })

/** After each test: everything that was started ends. */
export async function ended(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each.close()
  await service?.close()
  service = undefined
}
