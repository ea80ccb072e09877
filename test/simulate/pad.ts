// The PIN pad at the lane, and the customer in front of it: the real driver on the simulated network, the simulated pad
// behind it, and at the bank a key store that says what really arrived.
import { type SimNetwork, SimRandom, type SimulatedPinpad, simulatedPinpad } from '@cashdesk/hardware-sim'
import { memoryKeyStore, type PinVerdict } from '@cashdesk/host'
import type { Pinpad, Transport } from '@cashdesk/kernel'
import { serialPinpad } from '@cashdesk/pinpad'
import type { Life } from './life.ts'
import type { Customer } from './purse.ts'
import type { World } from './world.ts'

/** Public test data (ANSI X9.24-1): the pad's initial key comes of this one. */
const BDK = { ksnPrefix: 'FFFF9876543210', cipher: 'tdes', key: '0123456789ABCDEFFEDCBA9876543210' } as const

/** What is on the card, 13 digits. */
export function accountOf(purse: string): string {
  return `60${digitsOf(purse).padStart(11, '0')}`
}

function digitsOf(purse: string): string {
  return purse.replaceAll(/\D/g, '')
}

/** Each customer has a PIN of their own: a block of somebody else is a wrong one. */
function pinOf(purse: string): string {
  return String(1_000 + Number(digitsOf(purse)))
}

export class PadSide {
  readonly #world: World
  readonly #pad: SimulatedPinpad
  readonly #transport: Transport
  #customer: Customer | undefined
  /** The entry that a customer has looked at already. */
  #seen = 0

  constructor(world: World, network: SimNetwork) {
    this.#world = world
    const random = new SimRandom(world.schedule.seed)
    this.#pad = simulatedPinpad({
      clock: world.clock,
      fill: length => random.bytes(length),
      onDisplay: () => this.#looks(),
    })
    this.#transport = network.transport('pinpad', this.#pad.peer)
  }

  /** The driver of a new life. */
  driver(life: Life): Pinpad {
    return serialPinpad({ transport: life.transport(this.#transport) })
  }

  /** Somebody is asked for a PIN now. */
  get isAsking(): boolean {
    return this.#pad.state().entering
  }

  stepsUp(customer: Customer): void {
    this.#customer = customer
  }

  /** The pad shows something else. */
  #looks(): void {
    const { entering, entries } = this.#pad.state()
    const customer = this.#customer
    if (!entering || entries === this.#seen || !customer) return
    this.#seen = entries
    const { clock, schedule } = this.#world
    if (this.#world.strikes('pin-forgotten', 'PIN pad')) return
    const keys = this.#world.strikes('pin-cancelled', 'PIN pad') ? 'X' : `${pinOf(customer.purse)}E`
    clock.after(schedule.pick('types after', [700, 3_000, 20_000, 50_000]), () => {
      const now = this.#pad.state()
      if (!now.entering || now.entries !== entries) return
      this.#world.tell(
        keys === 'X' ? '  the customer cancels at the PIN pad' : '  the customer enters the PIN',
      )
      if (keys !== 'X') this.#world.situation('pin-entered')
      this.#pad.press(keys)
    })
  }
}

/** What the bank makes of PINs: it knows every customer's, and each block is good for one request. */
export class PinOffice {
  readonly #keys = memoryKeyStore({ bdks: [BDK], referenceKey: '07'.repeat(32) })
  /** By the id of the request. */
  readonly #verdicts: Map<string, Promise<PinVerdict>> = new Map()
  readonly #blocks: Map<string, string> = new Map()
  readonly #violated: (what: string) => void

  constructor(violated: (what: string) => void) {
    this.#violated = violated
  }

  /** A reservation arrives, perhaps twice. Whatever the network did, it carries the PIN of its own customer, entered for it. */
  async check(id: string, purse: string, blockHex: string, ksnHex: string): Promise<boolean> {
    const before = this.#blocks.get(id)
    if (before !== undefined && before !== blockHex) this.#violated(`${id} came again with another PIN block`)
    this.#blocks.set(id, blockHex)
    const verdict = this.#verdicts.get(id) ?? this.#verify(purse, blockHex, ksnHex)
    this.#verdicts.set(id, verdict)
    const right = (await verdict) === 'right'
    if (!right) this.#violated(`the PIN of ${id} is ${await verdict}, and its customer typed the right one`)
    return right
  }

  async #verify(purse: string, blockHex: string, ksnHex: string): Promise<PinVerdict> {
    const account = accountOf(purse)
    const reference = await this.#keys.reference(account, pinOf(purse))
    return this.#keys.verify({ account, block: { format: 'iso-0', blockHex, ksnHex } }, reference)
  }
}
