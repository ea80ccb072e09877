// The simulated receipt printer: one register at a time, as many jobs per connection as it likes. Its accidents are
// what happens to real ones: paper ends, covers open, knives jam, links break. Connections and time are handed in.
import { CashdeskError, type Clock, type Json, type Stop } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import { Engine, type PrinterPoint } from './engine.ts'
import { isOnline } from './mechanism.ts'
import { type PrintedReceipt, Shelf } from './shelf.ts'

/** As in a printer with a 64 KiB buffer: what a stopped printer cannot hold stays on the wire. */
const RECEIVE_BUFFER_BYTES = 64 * 1024
/** Registers that may wait until the connected one leaves; further ones are turned away. */
const WAITING_LIMIT = 4
/** The slowest line of `slow`. */
const LINE_LIMIT_MS = 60_000
/** Drawer pulses that are kept for reading. */
const KICKS_LIMIT = 100

const KEPT_RECEIPTS = 100

export interface PrinterOptions {
  /** Printable dots across at 203 dpi: 576 (80 mm, 48 columns; default) or 384 (58 mm, 32 columns). */
  readonly paperDots?: number
  /** Folder for `receipt-0001.png`, `.txt`, `.json`. */
  readonly out?: string
  /** Level of drawer connector pin 3 while the drawer is open (default `high`); depends on the drawer. */
  readonly pin3WhenOpen?: 'high' | 'low'
  /**
   * Draw what is printed (default). Without it a receipt is its text and its codes: symbols are checked for their
   * data, not for whether they fit the paper.
   */
  readonly pictures?: boolean
  /** Receipts that stay in memory; default 100. */
  readonly keptReceipts?: number
  readonly onReceipt?: (receipt: PrintedReceipt) => void
}

export type Kick = {
  readonly pin: 2 | 5
  readonly onMs: number
  readonly offMs: number
  readonly at: string
}

export type PrinterState = {
  readonly receipts: readonly PrintedReceipt[]
  readonly paper: 'ok' | 'near-end' | 'out'
  readonly cover: 'closed' | 'open'
  readonly drawer: 'closed' | 'open'
  readonly online: boolean
  readonly cutterError: boolean
  /** Connections that brought at least one byte. */
  readonly jobs: number
  readonly kicks: readonly Kick[]
  /** Commands that the printer did not understand, lacks, or refused; the first 200 of `unknownCount`. */
  readonly unknownCommands: readonly {
    readonly at: number
    readonly command: string
    readonly kind: string
    readonly why: string
  }[]
  readonly unknownCount: number
  /** Printed and not cut off yet. */
  readonly uncut: string
  readonly connected: boolean
  readonly receivedBytes: number
  /** Bytes in the buffer that were not carried out yet. */
  readonly pendingBytes: number
}

/** The printer behind its port. */
export class Device {
  readonly shelf: Shelf
  readonly #engine: Engine
  readonly #waiting: Wire[] = []
  readonly #kicks: Kick[] = []
  #active: Wire | undefined
  readonly #clock: Clock
  #stopTimer: Stop | undefined
  /** Set while it is switched off. */
  #stopOff: Stop | undefined
  #silent = false
  #linkBytes: number | undefined
  #jobs = 0
  #received = 0

  constructor(options: PrinterOptions, { clock }: Timing, onPoint?: (point: PrinterPoint) => void) {
    const pictures = options.pictures ?? true
    this.#clock = clock
    this.shelf = new Shelf({
      folder: options.out,
      now: () => clock.now(),
      pictures,
      keep: options.keptReceipts ?? KEPT_RECEIPTS,
    })
    this.#engine = new Engine({
      paperDots: options.paperDots ?? 576,
      pictures,
      pin3WhenOpen: options.pin3WhenOpen ?? 'high',
      serial: 'SIM0001',
      onPoint,
      send: bytes => {
        if (!this.#silent) this.#active?.write(bytes)
      },
      sheet: (sheet, end) => {
        const receipt = this.shelf.put(sheet, end)
        options.onReceipt?.(receipt)
      },
      kicked: pulse => {
        this.#kicks.push({ ...pulse, at: new Date(clock.now()).toISOString() })
        if (this.#kicks.length > KICKS_LIMIT) this.#kicks.shift()
      },
      after: (ms, wake) => {
        this.#stopTimer = clock.after(ms, () => {
          wake()
          this.#flow()
        })
      },
    })
  }

  /** Printed and not cut off yet. */
  get uncut(): string {
    return this.#engine.uncut
  }

  state(): PrinterState {
    const { body, problems, problemCount, uncut, pending } = this.#engine
    return {
      receipts: this.shelf.receipts,
      paper: body.paper,
      cover: body.cover,
      drawer: body.drawer,
      online: isOnline(body),
      cutterError: body.cutterError,
      jobs: this.#jobs,
      kicks: [...this.#kicks],
      unknownCommands: problems.map(problem => ({ ...problem })),
      unknownCount: problemCount,
      uncut,
      connected: this.#active !== undefined,
      receivedBytes: this.#received,
      pendingBytes: pending,
    }
  }

  accident(name: string, args: { readonly [name: string]: Json }): void {
    const engine = this.#engine
    const play: { readonly [accident: string]: () => void } = {
      'paper-out': () => {
        const afterLines = count(args, 'afterLines', 0)
        if (afterLines > 0) engine.ahead.linesToPaperEnd = afterLines
        else engine.change(body => (body.paper = 'out'))
      },
      'paper-in': () => {
        engine.ahead.linesToPaperEnd = undefined
        engine.change(body => (body.paper = 'ok'))
      },
      'near-end': () => engine.change(body => (body.paper = 'near-end')),
      'cover-open': () => engine.change(body => (body.cover = 'open')),
      'cover-close': () => engine.change(body => (body.cover = 'closed')),
      'cutter-error': () => {
        if (args['when'] === 'next-cut') engine.ahead.jamAtCut = true
        else engine.change(body => (body.cutterError = true))
      },
      'cutter-freed': () => engine.change(body => (body.cutterError = false)),
      offline: () => engine.change(body => (body.offline = true)),
      online: () => engine.change(body => (body.offline = false)),
      'drawer-open': () => engine.change(body => (body.drawer = 'open')),
      'drawer-close': () => engine.change(body => (body.drawer = 'closed')),
      'power-cycle': () => {
        for (const wire of this.#waiting.splice(0)) wire.end()
        this.#active?.reset()
        this.#active = undefined
        this.#silent = false
        this.#linkBytes = undefined
        engine.powerCycle()
        this.#stayOff(count(args, 'offMs', 0))
      },
      'lose-link': () => this.#loseLink(count(args, 'afterBytes', 0)),
      silent: () => {
        this.#silent = args['off'] !== true
      },
      slow: () => {
        engine.ahead.msPerLine = Math.min(count(args, 'msPerLine', 100), LINE_LIMIT_MS)
      },
      'tear-off': () => engine.tear(),
    }
    if (!Object.hasOwn(play, name)) {
      throw new CashdeskError('sim.usage', { accident: name.slice(0, 40), known: Object.keys(play) })
    }
    play[name]?.()
    this.#flow()
  }

  /** It is switched off for good. */
  close(): void {
    this.#stopTimer?.()
    this.#stopOff?.()
    for (const wire of this.#waiting.splice(0)) wire.end()
    this.#active?.end()
  }

  /** A register connects; false when too many wait already. */
  called(wire: Wire): boolean {
    if (this.#stopOff !== undefined) return false
    if (this.#active !== undefined && this.#waiting.length >= WAITING_LIMIT) return false
    let started = false
    if (this.#active === undefined) this.#active = wire
    else {
      wire.pause()
      this.#waiting.push(wire)
    }
    wire.listen({
      data: bytes => {
        if (!started) this.#jobs += 1
        started = true
        this.#take(wire, bytes)
      },
      ended: () => this.#gone(wire),
    })
    return true
  }

  #gone(wire: Wire): void {
    const place = this.#waiting.indexOf(wire)
    if (place >= 0) this.#waiting.splice(place, 1)
    if (this.#active !== wire) return
    this.#active = this.#waiting.shift()
    this.#active?.resume()
  }

  #take(wire: Wire, bytes: Uint8Array): void {
    if (this.#active !== wire) return
    const left = this.#linkBytes
    const taken = left === undefined ? bytes : bytes.subarray(0, left)
    this.#received += taken.length
    this.#engine.receive(taken)
    if (left !== undefined && this.#active === wire) {
      this.#linkBytes = left - taken.length
      if (taken.length < bytes.length || this.#linkBytes === 0) this.#cutLink(wire)
    }
    this.#flow()
  }

  /** Nobody can connect until it is on again. */
  #stayOff(ms: number): void {
    this.#stopOff?.()
    this.#stopOff = undefined
    if (ms === 0) return
    this.#stopOff = this.#clock.after(ms, () => {
      this.#stopOff = undefined
    })
  }

  #loseLink(afterBytes: number): void {
    if (afterBytes > 0) this.#linkBytes = afterBytes
    else if (this.#active !== undefined) this.#cutLink(this.#active)
  }

  #cutLink(wire: Wire): void {
    this.#linkBytes = undefined
    wire.reset()
    this.#gone(wire)
  }

  /** A stopped printer with a full buffer lets the rest wait on the wire. */
  #flow(): void {
    if (this.#active === undefined) return
    const full = !this.#engine.printing && this.#engine.pending >= RECEIVE_BUFFER_BYTES
    if (full) this.#active.pause()
    else this.#active.resume()
  }
}

function count(args: { readonly [name: string]: Json }, name: string, otherwise: number): number {
  const value = args[name] ?? otherwise
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new CashdeskError('sim.usage', { argument: name, value: JSON.stringify(value).slice(0, 40) })
}
