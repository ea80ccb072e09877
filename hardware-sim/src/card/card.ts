// A card on a virtual reader, which can be taken away, laid down again, and made to misbehave.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { RunningSim } from '../program.ts'
import { realTiming } from '../wire.ts'
import type { SimulatedCard } from './cards.ts'
import { VpcdLine } from './vpcd.ts'

/** Where vpcd listens for its first slot, unless it was told otherwise. */
export const VPCD_PORT = 35_963

export interface CardSimOptions {
  readonly card: SimulatedCard
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 35963. */
  readonly port?: number
  /** Does it lie on the reader from the start? Default true. */
  readonly inserted?: boolean
}

export type CardState = {
  readonly kind: string
  readonly card: { readonly [name: string]: string | number }
  /** It is held to the reader; whether there is one is another matter. */
  readonly inserted: boolean
  readonly connected: boolean
  readonly insertions: number
  readonly commands: number
  readonly accidents: readonly string[]
}

export interface CardSim extends RunningSim {
  state(): CardState
  accident(name: string, args?: { readonly [name: string]: Json }): Promise<CardState>
  active(): readonly string[]
  /** Resolves when the reader has it. Waits for a reader that is not there yet. */
  insert(): Promise<void>
  /** Resolves when it is gone. */
  remove(): Promise<void>
}

/** A reader that is not there is looked for this often. */
const LOOK_MS = 250
const MAX_SLOW_MS = 60_000

/** What is wrong with it at present. */
interface Trouble {
  slowMs: number
  silent: boolean
  garbage: boolean
  status: string | undefined
  /** Commands until it is taken away in the middle of one; 0: not planned. */
  removeAfter: number
}

/** Puts a card on a virtual reader. Resolves at once; `insert` tells when the reader has it. */
export async function startCardSim(options: CardSimOptions): Promise<CardSim> {
  const sim = new VirtualCard(options)
  if (options.inserted ?? true) void sim.insert()
  return sim
}

class VirtualCard implements CardSim {
  readonly sim = 'card'
  readonly ports: { readonly [name: string]: number | string }
  readonly #card: SimulatedCard
  readonly #host: string
  readonly #port: number
  readonly #timing = realTiming()
  readonly #trouble: Trouble = { slowMs: 0, silent: false, garbage: false, status: undefined, removeAfter: 0 }
  #line: VpcdLine | undefined
  #inserted = false
  #connected = false
  #insertions = 0
  #commands = 0
  #seed = 0x2545f491
  #waiting: (() => void)[] = []

  constructor({ card, host = '127.0.0.1', port = VPCD_PORT }: CardSimOptions) {
    this.#card = card
    this.#host = host
    this.#port = port
    this.ports = { vpcd: port }
  }

  state(): CardState {
    return {
      kind: this.#card.kind,
      card: this.#card.view(),
      inserted: this.#inserted,
      connected: this.#connected,
      insertions: this.#insertions,
      commands: this.#commands,
      accidents: this.active(),
    }
  }

  active(): readonly string[] {
    const { slowMs, silent, garbage, status, removeAfter } = this.#trouble
    return [
      ...(this.#inserted ? [] : ['remove']),
      ...(removeAfter > 0 ? ['remove-in-command'] : []),
      ...(slowMs > 0 ? ['slow'] : []),
      ...(silent ? ['silent'] : []),
      ...(garbage ? ['garbage'] : []),
      ...(status === undefined ? [] : ['status']),
    ]
  }

  async accident(name: string, args: { readonly [name: string]: Json } = {}): Promise<CardState> {
    const trouble = this.#trouble
    if (name === 'insert') await this.#insertSoon()
    else if (name === 'remove') await this.remove()
    else if (name === 'swap') {
      await this.remove()
      await this.#insertSoon()
    } else if (name === 'remove-in-command') trouble.removeAfter = numberOf(args, 'commands', 1, 1000)
    else if (name === 'slow') trouble.slowMs = numberOf(args, 'ms', 1000, MAX_SLOW_MS)
    else if (name === 'silent') trouble.silent = args['on'] !== false
    else if (name === 'garbage') trouble.garbage = args['on'] !== false
    else if (name === 'status') trouble.status = statusOf(args)
    else throw new CashdeskError('sim.usage', { accident: name.slice(0, 40) })
    return this.state()
  }

  insert(): Promise<void> {
    this.#inserted = true
    if (this.#line === undefined) this.#connect()
    return this.#connected ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve))
  }

  remove(): Promise<void> {
    this.#inserted = false
    const line = this.#line
    if (line === undefined) return Promise.resolve()
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      line.close()
    })
  }

  async close(): Promise<void> {
    await this.remove()
  }

  /** As a person does it: whether a reader is there shows later. */
  async #insertSoon(): Promise<void> {
    void this.insert()
    await new Promise<void>(resolve => this.#timing.turn(resolve))
  }

  #connect(): void {
    if (!this.#inserted || this.#line !== undefined) return
    this.#line = new VpcdLine(this.#host, this.#port, {
      powered: () => this.#card.power(),
      atr: () => this.#card.atr,
      command: apdu => this.#command(apdu),
      up: () => {
        this.#connected = true
        this.#insertions += 1
        this.#settle()
      },
      down: () => {
        this.#line = undefined
        this.#connected = false
        if (!this.#inserted) this.#settle()
        this.#timing.clock.after(LOOK_MS, () => this.#connect())
      },
    })
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #command(apdu: Uint8Array): Promise<Uint8Array | undefined> {
    const trouble = this.#trouble
    this.#commands += 1
    if (trouble.removeAfter > 0) {
      trouble.removeAfter -= 1
      if (trouble.removeAfter === 0) {
        void this.remove()
        return undefined
      }
    }
    if (trouble.slowMs > 0) {
      await new Promise<void>(resolve => void this.#timing.clock.after(trouble.slowMs, resolve))
    }
    if (trouble.silent) return undefined
    if (trouble.garbage) return this.#noise()
    return trouble.status === undefined ? this.#card.answer(apdu) : Buffer.from(trouble.status, 'hex')
  }

  /** The same noise in every run: 0 to 19 bytes. */
  #noise(): Uint8Array {
    const next = (): number => {
      this.#seed ^= this.#seed << 13
      this.#seed ^= this.#seed >>> 17
      this.#seed ^= this.#seed << 5
      return this.#seed >>> 0
    }
    return Uint8Array.from({ length: (next() % 20) + 2 }, () => next() & 0xff)
  }
}

function numberOf(
  args: { readonly [name: string]: Json },
  name: string,
  preset: number,
  most: number,
): number {
  const value = args[name] ?? preset
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
  throw new CashdeskError('sim.usage', { argument: name, most })
}

/** `{sw: "6F00"}`; nothing or an empty text ends it. */
function statusOf(args: { readonly [name: string]: Json }): string | undefined {
  const { sw } = args
  if (sw === undefined || sw === '') return undefined
  if (typeof sw === 'string' && /^[0-9A-Fa-f]{4}$/.test(sw)) return sw
  throw new CashdeskError('sim.usage', { argument: 'sw' })
}
