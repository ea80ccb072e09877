// The simulated barcode scanner: a serial line. What it reads goes to every register that is connected; like a real
// one it neither knows nor cares whether anybody listens. Connections and time are handed in.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import { type Sending, scanBytes, TERMINATORS, type Terminator } from './codes.ts'
import { swipeText } from './stripe.ts'

/** Registers connected at the same time; further ones are turned away. */
const CONNECTIONS_LIMIT = 8
/** Scans that are kept for reading. */
const SCANS_LIMIT = 100
/** The most that `flood` sends: enough to burst any buffer that has no bound. */
const FLOOD_LIMIT_BYTES = 16 * 1024 * 1024
/** The most scans that one `flood` sends. */
const FLOOD_LIMIT_SCANS = 10_000
/** Scans and accidents that wait for their turn while a register reads slowly. */
const WAITING_LIMIT = 1000
/** Read by accidents that name no code. */
const SOME_CODE = '4006381333931'

export interface ScannerOptions {
  /** Default `cr`. */
  readonly terminator?: Terminator
  /** AIM identifier: `none` (default), `auto`, or one for all codes: `]E0`. */
  readonly aim?: string
  readonly prefix?: string
}

export type ScanRecord = {
  readonly code: string
  readonly at: string
  /** How many registers were connected. */
  readonly sentTo: number
}

export type ScannerState = {
  readonly plugged: boolean
  readonly connected: number
  readonly scans: readonly ScanRecord[]
  readonly scanCount: number
  readonly sentBytes: number
  /** Bytes that registers sent; a scanner ignores them. */
  readonly receivedBytes: number
}

/** What makes the line reachable, and takes it away. */
export interface Cable {
  plug(): Promise<void>
  unplug(): Promise<void>
}

/** The scanner behind its line. */
export class Device {
  readonly #sending: Sending
  readonly #timing: Timing
  readonly #cable: Cable
  #plugged = false
  readonly #wires = new Set<Wire>()
  readonly #scans: ScanRecord[] = []
  #scanCount = 0
  #sentBytes = 0
  #receivedBytes = 0
  #waiting = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ScannerOptions, timing: Timing, cable: Cable) {
    this.#timing = timing
    this.#cable = cable
    this.#sending = {
      prefix: options.prefix ?? '',
      aim: options.aim ?? 'none',
      terminator: options.terminator ?? 'cr',
    }
  }

  state(): ScannerState {
    return {
      plugged: this.#plugged,
      connected: this.#wires.size,
      scans: [...this.#scans],
      scanCount: this.#scanCount,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
    }
  }

  async plug(): Promise<void> {
    if (this.#plugged) return
    await this.#cable.plug()
    this.#plugged = true
  }

  async unplug(): Promise<void> {
    if (!this.#plugged) return
    this.#plugged = false
    for (const wire of [...this.#wires]) {
      this.#wires.delete(wire)
      wire.reset()
    }
    await this.#cable.unplug()
  }

  async scan(
    code: string,
    how: { readonly aim?: string; readonly terminator?: Terminator },
  ): Promise<number> {
    const bytes = scanBytes(code, { ...this.#sending, ...how })
    return await this.#inTurn(async () => {
      const sentTo = this.#note(code)
      await this.#send(bytes)
      return sentTo
    })
  }

  async accident(name: string, args: { readonly [name: string]: Json }): Promise<void> {
    const code = textOf(args, 'code', SOME_CODE)
    const play: { readonly [accident: string]: () => Promise<unknown> } = {
      scan: () => this.scan(textOf(args, 'code', undefined), howOf(args)),
      garble: () => {
        const how = { ...this.#sending, ...howOf(args) }
        const end = TERMINATORS[how.terminator]
        const noise = garbled(scanBytes(code, { ...how, terminator: 'none' }))
        return this.#inTurn(() => this.#send(Uint8Array.from([...noise, ...Buffer.from(end)])))
      },
      'cut-off': () => {
        const bytes = scanBytes(code, { ...this.#sending, terminator: 'none' })
        return this.#send(
          bytes.subarray(0, numberOf(args, 'after', Math.ceil(bytes.length / 2), bytes.length)),
        )
      },
      flood: () => this.#inTurn(() => this.#flood(args, code)),
      swipe: () => this.#inTurn(() => this.#swipe(args)),
      split: () => this.#inTurn(() => this.#split(code)),
      unplug: () => this.unplug(),
      plug: () => this.plug(),
    }
    if (!Object.hasOwn(play, name)) {
      throw new CashdeskError('sim.usage', { accident: name.slice(0, 40), known: Object.keys(play) })
    }
    await play[name]?.()
  }

  /** One reading after the other: a laser does not read two codes at once. */
  async #inTurn<T>(read: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_LIMIT) throw new CashdeskError('sim.usage', { waiting: this.#waiting })
    this.#waiting += 1
    const mine = this.#turn.then(read).finally(() => {
      this.#waiting -= 1
    })
    this.#turn = mine.catch(() => undefined)
    return await mine
  }

  /** `{codes}` scans at once, or `{bytes}` without any terminator. */
  async #flood(args: { readonly [name: string]: Json }, code: string): Promise<void> {
    const codes = numberOf(args, 'codes', 0, FLOOD_LIMIT_SCANS)
    if (codes === 0) {
      await this.#send(new Uint8Array(numberOf(args, 'bytes', 64 * 1024, FLOOD_LIMIT_BYTES)).fill(0x38))
      return
    }
    const one = scanBytes(code, this.#sending)
    const all = new Uint8Array(one.length * codes)
    for (let index = 0; index < codes; index += 1) {
      all.set(one, index * one.length)
      this.#note(code)
    }
    await this.#send(all)
  }

  /** A card instead of a code; its tracks are not kept. */
  async #swipe(args: { readonly [name: string]: Json }): Promise<void> {
    const stripe = { track1: textOf(args, 'track1', ''), track2: textOf(args, 'track2', '') }
    const given = Object.fromEntries(Object.entries(stripe).filter(([, data]) => data !== ''))
    this.#note('(a card)')
    const text = swipeText(given, { lrc: args['lrc'] === true })
    await this.#send(new TextEncoder().encode(text + TERMINATORS[this.#sending.terminator]))
  }

  /** One byte a packet, as a slow serial line delivers them. */
  async #split(code: string): Promise<void> {
    this.#note(code)
    for (const byte of scanBytes(code, this.#sending)) {
      await this.#send(Uint8Array.of(byte))
      await new Promise<void>(resolve => this.#timing.turn(resolve))
    }
  }

  /** Writes down that something was read; returns how many registers are there to hear it. */
  #note(code: string): number {
    const sentTo = this.#wires.size
    this.#scanCount += 1
    this.#scans.push({ code, at: new Date(this.#timing.clock.now()).toISOString(), sentTo })
    if (this.#scans.length > SCANS_LIMIT) this.#scans.shift()
    return sentTo
  }

  /** Resolves when the operating system took the bytes for every register, or the register left. */
  async #send(bytes: Uint8Array): Promise<void> {
    this.#sentBytes += bytes.length * this.#wires.size
    await Promise.all([...this.#wires].map(wire => new Promise<void>(left => wire.write(bytes, left))))
  }

  /** A register connects; false when nobody is there for it. */
  called(wire: Wire): boolean {
    if (this.#wires.size >= CONNECTIONS_LIMIT || !this.#plugged) return false
    this.#wires.add(wire)
    wire.listen({
      data: bytes => {
        this.#receivedBytes += bytes.length
      },
      ended: () => this.#wires.delete(wire),
    })
    return true
  }
}

/** What noise on the line makes of a code: high bits and NULs, no control that could end a code. */
function garbled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index % 3 === 2 ? 0 : byte | 0x80))
}

function textOf(
  args: { readonly [name: string]: Json },
  name: string,
  otherwise: string | undefined,
): string {
  const value = args[name] ?? otherwise
  if (typeof value === 'string') return value
  throw new CashdeskError('sim.usage', { argument: name })
}

function numberOf(
  args: { readonly [name: string]: Json },
  name: string,
  otherwise: number,
  max: number,
): number {
  const value = args[name] ?? otherwise
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max) return value
  throw new CashdeskError('sim.usage', { argument: name, max })
}

function howOf(args: { readonly [name: string]: Json }): { aim?: string; terminator?: Terminator } {
  const { aim, terminator } = args
  const how: { aim?: string; terminator?: Terminator } = {}
  if (typeof aim === 'string') how.aim = aim
  if (terminator !== undefined) how.terminator = terminatorOf(terminator)
  return how
}

/** A terminator by its name. @throws CashdeskError `sim.usage` */
export function terminatorOf(name: Json): Terminator {
  const known = Object.keys(TERMINATORS).find((each): each is Terminator => each === name)
  if (known !== undefined) return known
  throw new CashdeskError('sim.usage', {
    terminator: String(name).slice(0, 40),
    known: Object.keys(TERMINATORS),
  })
}
