// A printer of Star's in the process that tests it: it prints text in virtual time, counts what is printed, and tells its
// automatic status when it is asked. It draws nothing; codes and pictures are stepped over.
import { CashdeskError, type Clock, type Json } from '@cashdesk/kernel'
import { peerOf, type Wire } from '../wire.ts'
import type { Peer } from '../world/network.ts'

/** What stays in the buffer of a stopped printer; more waits on the wire. */
const BUFFER_BYTES = 64 * 1024
/** Papers that are kept for reading. */
const PAPERS_LIMIT = 10_000

export interface StarOptions {
  readonly clock: Clock
  /** Bytes of its status: 7 of the oldest models, without the counter, to 15. Default 9. */
  readonly statusBytes?: number
  /** Two bytes of length behind the status, as printers on Ethernet send them. */
  readonly withLength?: boolean
}

export interface SimulatedStarPrinter {
  /** For `SimNetwork.transport`. */
  readonly peer: Peer
  /** What was cut off, oldest first. */
  readonly papers: readonly string[]
  /** Printed and not cut off yet. */
  readonly uncut: string
  readonly pulses: number
  /** Commands that it does not know; their first bytes are printed by real ones. */
  readonly unknown: readonly string[]
  /**
   * `paper-out {afterLines}`, `paper-in`, `near-end`, `cover-open`, `cover-close`, `cutter-error`, `cutter-freed`, `silent {off}`,
   * `slow {msPerLine}`, `dawdle {ms}`, `lose-link`, `power-cycle {keepLine, offBytes, afterLines}`. @throws CashdeskError `sim.usage`
   */
  accident(name: string, args?: { readonly [name: string]: Json }): void
}

/** How many bytes a command has from its ESC; undefined while too few are there to tell, 0 for what nobody knows. */
function lengthOf(bytes: Uint8Array): number | undefined {
  const [, second, third, fourth] = bytes
  if (second === undefined) return undefined
  const name = String.fromCharCode(second)
  if ('@EF'.includes(name)) return 2
  if ('dajJl\x57'.includes(name)) return 3
  if (name === 'i' || second === 0x07) return 4
  if (second === 0x06) return 3
  if (second === 0x1e) return 4
  if (name === 'b') {
    const end = bytes.indexOf(0x1e, 6)
    return end < 0 ? undefined : end + 1
  }
  if (second !== 0x1d) return 0
  if (third === undefined) return undefined
  const group = String.fromCharCode(third)
  if ('ta'.includes(group)) return 4
  const word = (place: number): number => (bytes[place] ?? 0) + 256 * (bytes[place + 1] ?? 0)
  if (group === 'S') return bytes.length < 9 ? undefined : 9 + word(4) * word(6)
  if (group !== 'x' && group !== 'y') return 0
  if (fourth === undefined) return undefined
  const what = String.fromCharCode(fourth)
  if (what === 'P' || what === 'I') return 4
  if (what === 'S') return group === 'x' && bytes[4] === 0x30 ? 8 : 6
  const head = group === 'x' ? 6 : 8
  if (group === 'x' && bytes[4] === 0) return bytes.length < 7 ? undefined : 7 + word(5)
  return bytes.length < head ? undefined : head + word(head - 2)
}

export function simulatedStarPrinter(options: StarOptions): SimulatedStarPrinter {
  const printer = new StarPrinter(options)
  return {
    peer: peerOf(wire => printer.called(wire)),
    get papers() {
      return printer.papers
    },
    get uncut() {
      return printer.paper
    },
    get pulses() {
      return printer.pulses
    },
    get unknown() {
      return printer.unknown
    },
    accident: (name, args = {}) => printer.accident(name, args),
  }
}

class StarPrinter {
  readonly papers: string[] = []
  readonly unknown: string[] = []
  paper = ''
  pulses = 0
  readonly #options: StarOptions
  #wire: Wire | undefined
  #buffer: Uint8Array = new Uint8Array(0)
  #seen: number[] = []
  #body = { paper: 'ok', coverOpen: false, cutterStuck: false }
  #counter = 0
  #etb = false
  #silent = false
  #msPerLine = 0
  #busy = false
  #life = 0
  #linesToPaperEnd = 0
  #linesToPowerLoss = 0
  /** What is sent before it is on again, on a line that stays: of the next power cycle, and what is left of this one. */
  #offBytes = 0
  #lostBytes = 0

  constructor(options: StarOptions) {
    this.#options = options
  }

  called(wire: Wire): boolean {
    if (this.#wire !== undefined) return false
    this.#wire = wire
    wire.listen({
      data: bytes => this.#take(bytes),
      ended: () => {
        if (this.#wire === wire) this.#wire = undefined
      },
    })
    return true
  }

  accident(name: string, args: { readonly [name: string]: Json }): void {
    const number = (key: string): number => {
      const value = args[key]
      return typeof value === 'number' ? value : 0
    }
    const play: { readonly [name: string]: () => void } = {
      'paper-out': () => {
        this.#linesToPaperEnd = number('afterLines')
        if (this.#linesToPaperEnd === 0) this.#body.paper = 'out'
      },
      'paper-in': () => (this.#body.paper = 'ok'),
      'near-end': () => (this.#body.paper = 'near-end'),
      'cover-open': () => (this.#body.coverOpen = true),
      'cover-close': () => (this.#body.coverOpen = false),
      'cutter-error': () => (this.#body.cutterStuck = true),
      'cutter-freed': () => (this.#body.cutterStuck = false),
      silent: () => (this.#silent = args['off'] !== true),
      dawdle: () => this.#dawdle(number('ms')),
      slow: () => (this.#msPerLine = number('msPerLine')),
      'lose-link': () => {
        this.#wire?.reset()
        this.#wire = undefined
      },
      'power-cycle': () => {
        this.#offBytes = number('offBytes')
        this.#linesToPowerLoss = number('afterLines')
        if (this.#linesToPowerLoss === 0) this.#powerCycle(args['keepLine'] === true)
      },
    }
    if (!Object.hasOwn(play, name)) throw new CashdeskError('sim.usage', { accident: name.slice(0, 40) })
    play[name]?.()
    this.#run()
  }

  #powerCycle(keepLine: boolean): void {
    this.#life += 1
    this.#lostBytes = this.#offBytes
    this.#buffer = new Uint8Array(0)
    this.#seen = []
    this.#counter = 0
    this.#etb = false
    this.#busy = false
    this.#msPerLine = 0
    this.#body.cutterStuck = false
    if (keepLine) return
    this.#wire?.reset()
    this.#wire = undefined
  }

  get #stopped(): boolean {
    const { paper, coverOpen, cutterStuck } = this.#body
    return paper === 'out' || coverOpen || cutterStuck
  }

  #take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#lostBytes > 0) {
        this.#lostBytes -= 1
        continue
      }
      this.#seen = [...this.#seen.slice(-2), byte]
      this.#buffer = Uint8Array.from([...this.#buffer, byte])
      this.#run()
      if (this.#seen.join() === '27,6,1') this.#tell()
    }
    if (this.#stopped && this.#buffer.length >= BUFFER_BYTES) this.#wire?.pause()
    else this.#wire?.resume()
  }

  #run(): void {
    while (!this.#stopped && !this.#busy && this.#buffer.length > 0) {
      const length = this.#buffer[0] === 0x1b ? lengthOf(this.#buffer) : 1
      if (length === undefined || this.#buffer.length < length) return
      const command = this.#buffer.subarray(0, Math.max(1, length))
      this.#buffer = this.#buffer.subarray(command.length)
      if (length === 0 && this.unknown.length < 100) {
        this.unknown.push(Buffer.from([...command, ...this.#buffer.subarray(0, 3)]).toString('hex'))
      }
      this.#carryOut(command)
    }
  }

  #carryOut(command: Uint8Array): void {
    const [first = 0, second, third] = command
    if (first === 0x1b) {
      if (second === 0x64) this.#cut()
      else if (second === 0x1e && third === 0x45) {
        this.#counter = 0
        this.#etb = false
      }
    } else if (first === 0x17) {
      this.#counter = (this.#counter + 1) % 32
      this.#etb = true
    } else if (first === 0x07 || first === 0x1a) this.pulses += 1
    else if (first === 0x0a) this.#line()
    else if (first >= 0x20) this.paper += String.fromCharCode(first)
  }

  #line(): void {
    this.paper += '\n'
    if (this.#linesToPaperEnd > 0) {
      this.#linesToPaperEnd -= 1
      if (this.#linesToPaperEnd === 0) this.#body.paper = 'out'
    }
    if (this.#linesToPowerLoss > 0) {
      this.#linesToPowerLoss -= 1
      if (this.#linesToPowerLoss === 0) return this.#powerCycle(true)
    }
    if (this.#msPerLine > 0) this.#dawdle(this.#msPerLine)
  }

  /** Takes nothing from its buffer for a while, and does not say so. */
  #dawdle(ms: number): void {
    const life = this.#life
    this.#busy = true
    this.#options.clock.after(ms, () => {
      if (life !== this.#life) return
      this.#busy = false
      this.#run()
    })
  }

  #cut(): void {
    if (this.papers.length < PAPERS_LIMIT) this.papers.push(this.paper)
    this.paper = ''
  }

  #tell(): void {
    if (this.#silent) return
    const { statusBytes = 9, withLength = false } = this.#options
    const { paper, coverOpen, cutterStuck } = this.#body
    const status = new Uint8Array(statusBytes + (withLength ? 2 : 0))
    status[0] = 1 | spread(statusBytes)
    status[1] = 0x06 | (withLength ? 0x80 : 0)
    status[2] = (this.#etb ? 2 : 0) | (this.#stopped ? 8 : 0) | (coverOpen ? 32 : 0)
    status[3] = cutterStuck ? 8 : 0
    status[5] = (paper === 'ok' ? 0 : 4) | (paper === 'out' ? 8 : 0)
    if (statusBytes > 7) status[7] = spread(this.#counter)
    // Told once.
    this.#etb = false
    this.#wire?.write(status)
  }
}

/** Five bits over bits 1 to 3, 5 and 6. */
function spread(value: number): number {
  return ((value & 7) << 1) | ((value >> 3) << 5)
}
