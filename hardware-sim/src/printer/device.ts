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
/** Accidents that may be announced at once. */
const AHEAD_LIMIT = 32

type Args = { readonly [name: string]: Json }

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
  /** What is still sent before the printer is on again. */
  #lostBytes = 0
  /** Accidents that happen when so many more bytes were received, the next first. */
  #ahead: { bytes: number; readonly name: string; readonly args: Args }[] = []
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

  /** Now, or with `{afterBytes}` when so many more bytes were received. @throws CashdeskError `sim.usage` */
  accident(name: string, args: Args): void {
    const play = this.#accidents(args)
    if (!Object.hasOwn(play, name)) {
      throw new CashdeskError('sim.usage', { accident: name.slice(0, 40), known: Object.keys(play) })
    }
    const bytes = count(args, 'afterBytes', 0)
    if (bytes > 0) {
      if (this.#ahead.length >= AHEAD_LIMIT) throw new CashdeskError('sim.usage', { waiting: AHEAD_LIMIT })
      this.#ahead.push({ bytes, name, args })
      this.#ahead.sort((a, b) => a.bytes - b.bytes)
      return
    }
    play[name]?.()
    this.#flow()
  }

  #accidents(args: Args): { readonly [accident: string]: () => void } {
    const engine = this.#engine
    return {
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
        this.#powerCycle(count(args, 'offMs', 0), args['keepLine'] === true)
        this.#lostBytes = count(args, 'offBytes', 0)
      },
      'lose-link': () => {
        if (this.#active !== undefined) this.#cutLink(this.#active)
      },
      silent: () => {
        this.#silent = args['off'] !== true
      },
      slow: () => {
        engine.ahead.msPerLine = Math.min(count(args, 'msPerLine', 100), LINE_LIMIT_MS)
      },
      'tear-off': () => engine.tear(),
    }
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
    let rest = bytes
    while (this.#active === wire && rest.length > 0) {
      const [next] = this.#ahead
      const part = rest.subarray(0, next?.bytes)
      rest = rest.subarray(part.length)
      this.#ahead = this.#ahead.map(accident => ({ ...accident, bytes: accident.bytes - part.length }))
      // On a serial line that stays, what is sent to a printer without power is gone.
      const lost = this.#stopOff === undefined ? Math.min(this.#lostBytes, part.length) : part.length
      this.#lostBytes = Math.max(0, this.#lostBytes - lost)
      this.#received += part.length - lost
      this.#engine.receive(part.subarray(lost))
      while (this.#ahead[0] !== undefined && this.#ahead[0].bytes <= 0) {
        const due = this.#ahead.shift()
        if (due !== undefined) this.#accidents(due.args)[due.name]?.()
      }
    }
    this.#flow()
  }

  /** `keepLine`: on a serial line nobody sees that the other side was switched off, and what is sent then is lost. */
  #powerCycle(offMs: number, keepLine: boolean): void {
    if (!keepLine) {
      for (const wire of this.#waiting.splice(0)) wire.end()
      this.#active?.reset()
      this.#active = undefined
    }
    this.#silent = false
    this.#ahead = []
    this.#engine.powerCycle()
    this.#stayOff(offMs)
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

  #cutLink(wire: Wire): void {
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
