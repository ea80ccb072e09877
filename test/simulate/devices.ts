// The lane's devices: the real drivers on a simulated network, simulated devices behind it, and what may happen to them.
import {
  SimNetwork,
  type SimulatedPrinter,
  type SimulatedScanner,
  type SimulatedTerminal,
  simulatedPrinter,
  simulatedScanner,
  simulatedTerminal,
} from '@cashdesk/hardware-sim'
import type { Transport } from '@cashdesk/kernel'
import { epson48, printer } from '@cashdesk/printer'
import { serialScanner } from '@cashdesk/scanner'
import type { TillOptions } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import type { Life } from './life.ts'
import { PadSide } from './pad.ts'
import type { Customer } from './purse.ts'
import { ACCIDENTS, type AccidentKind } from './schedule.ts'
import type { SituationName } from './situations.ts'
import type { World } from './world.ts'

/** What may happen in a payment, by our name and the terminal's. */
const AT_TERMINAL: readonly (readonly [
  kind: AccidentKind,
  name: string,
  args: { readonly [name: string]: string | number },
  situation?: SituationName,
])[] = [
  ['link-cut-before-040F', 'lose-link-before-status', {}, 'link-cut-before-040F'],
  ['link-cut-after-040F', 'lose-link-after-status', {}, 'link-cut-after-040F'],
  ['link-cut-between-prints', 'lose-link-between-prints', {}, 'link-cut-between-prints'],
  ['link-cut-after-ack', 'lose-link-after-ack', {}, 'link-cut-after-ack'],
  ['terminal-declines', 'decline', { code: 5 }],
  ['terminal-slow', 'slow', { ms: 40_000 }],
  ['terminal-silent', 'no-answer', { when: 'completion' }],
  ['terminal-garbles', 'garble', { what: 'fields' }],
  ['customer-aborts', 'abort-by-customer', {}],
]

/** The terminal's moment behind which the line breaks. */
const BREAKS_BEHIND: { readonly [situation in SituationName]?: string } = {
  'link-cut-before-040F': 'authorised',
  'link-cut-after-040F': 'authorised',
  'link-cut-between-prints': 'print-answered',
  'link-cut-after-ack': 'booked',
}

/** What had happened by a moment. */
interface Since {
  readonly struck: number
  readonly crashes: number
  readonly broken: number
}

export class Devices {
  readonly terminal: SimulatedTerminal
  readonly printer: SimulatedPrinter
  readonly scanner: SimulatedScanner
  readonly network: SimNetwork
  readonly pad: PadSide
  readonly #world: World
  readonly #transports: { readonly [device in 'terminal' | 'printer' | 'scanner']: Transport }
  #overstates = false
  /** A situation that was prepared at the terminal, and has not come about yet. */
  #prepared: SituationName | undefined
  /** The printer is cut off when it has received so many bytes. */
  #printerUntil: number | undefined
  /** Who stands at the terminal. */
  #atTerminal: Customer | undefined
  /** What had happened when a customer last stepped up to the terminal. */
  readonly #since: Map<Customer, Since> = new Map()
  /** How often the terminal lost its power. */
  #powerCuts = 0
  /** The same, for the first time. */
  readonly #sinceFirst: Map<Customer, Since> = new Map()
  /** By trace number. */
  readonly #owners: Map<number, Customer> = new Map()

  constructor(world: World) {
    this.#world = world
    const { clock, plan, schedule } = world
    this.terminal = simulatedTerminal({
      clock,
      currency: plan.swiss ? '756' : '978',
      onPoint: point => this.#reached(point),
    })
    this.printer = simulatedPrinter({ clock })
    this.scanner = simulatedScanner({ clock })
    this.network = new SimNetwork({ clock, seed: schedule.seed, delayMs: { fromMs: 50, toMs: 3_000 } })
    const calm = (kind: AccidentKind): number => ACCIDENTS[kind] * schedule.intensity(kind)
    this.network.set({
      streamCut: Math.min(0.5, calm('stream-cut') / 10),
      connectRefused: Math.min(0.5, calm('stream-refused')),
      connectUnanswered: Math.min(0.5, calm('stream-refused') / 2),
      chunkDelayed: Math.min(0.5, calm('stream-delayed')),
      chunkSplit: 0.06,
      chunksJoined: 0.05,
    })
    this.#transports = {
      terminal: this.network.transport('terminal', this.terminal.peer),
      printer: this.network.transport('printer', this.printer.peer),
      scanner: this.network.transport('scanner', this.scanner.peer),
    }
    this.pad = new PadSide(world, this.network)
    world.cardMinor = customer => this.#chargedMinor(customer)
    world.papers = () => this.printer.receipts.filter(({ end }) => end !== 'torn').map(({ text }) => text)
    world.isAskingForPin = () => this.pad.isAsking
    world.devices = life => this.#drivers(life)
  }

  #drivers(life: Life): Partial<TillOptions> {
    return {
      terminal: zvtTerminal({
        transport: this.#overstating(life.transport(this.#transports.terminal)),
        currency: this.#world.plan.swiss ? 'CHF' : 'EUR',
        profile: { afterAutoReversal: 'reversal' },
        partialApproval: true,
        printsReceipts: !this.#world.plan.terminalPrints,
      }),
      printer: printer({ transport: life.transport(this.#transports.printer), profile: epson48 }),
      scanner: serialScanner({ transport: life.transport(this.#transports.scanner) }),
      pinpad: this.pad.driver(life),
    }
  }

  /** An approval (04 0F, result 00) whose amount is another one on its way: the till must not take it. */
  #overstating(transport: Transport): Transport {
    return {
      name: transport.name,
      open: (listener, options) =>
        transport.open(
          {
            data: bytes => {
              const at = this.#overstates && bytes[0] === 0x04 && bytes[1] === 0x0f ? amountAt(bytes) : -1
              if (at >= 0) {
                this.#overstates = false
                bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 0x10
                this.#world.tell('  the terminal’s approval says another amount')
              }
              listener.data(bytes)
            },
            closed: cause => listener.closed(cause),
          },
          options,
        ),
    }
  }

  // ── the terminal ────────────────────────────────────────────────────────────────────────────────────

  /** A customer steps up to the terminal, and something may happen to the payment; or to the PIN pad. */
  stepsUp(customer: Customer, by: 'card' | 'purse', askedMinor: number): void {
    if (by === 'purse') return this.pad.stepsUp(customer)
    this.#attribute()
    this.#atTerminal = customer
    const now: Since = {
      struck: this.#world.schedule.struck.length,
      crashes: this.#world.tally.crashes,
      broken: this.#broken,
    }
    this.#since.set(customer, now)
    if (!this.#sinceFirst.has(customer)) this.#sinceFirst.set(customer, now)
    const { terminal } = this
    terminal.accident('approve', {})
    this.#overstates = false
    this.#prepared = undefined
    for (const [kind, name, args, situation] of AT_TERMINAL) {
      if (!this.#world.strikes(kind, 'payment')) continue
      terminal.accident(name, { mode: 'once', ...args })
      this.#prepared = situation
      return
    }
    this.#overstates = this.#world.strikes('terminal-overstates', 'payment')
    if (askedMinor > 200 && this.#world.strikes('terminal-partial', 'payment'))
      terminal.accident('partial', { mode: 'once', amountMinor: Math.ceil(askedMinor / 2) })
    else if (this.#world.strikes('terminal-unplugged', 'payment')) this.#unplugTerminal()
  }

  /** The terminal came to the moment behind which the line breaks. */
  #reached(point: string): void {
    this.#diesWithIt(point)
    const prepared = this.#prepared
    if (prepared === undefined || BREAKS_BEHIND[prepared] !== point) return
    // It strikes one dialogue, and this is that one: it was switched off when the dialogue began.
    if (this.terminal.state().behaviour.name !== 'approve') return
    this.#prepared = undefined
    this.#world.situation(prepared)
  }

  /** The terminal books, and in the same instant the till dies: what it acknowledged must be on its disk by now. */
  #diesWithIt(point: string): void {
    if (point !== 'booked' && point !== 'reversed') return
    const { schedule } = this.#world
    if (!schedule.strikes('crash-at-booking', point)) return
    this.#world.dies(schedule.chance('only killed', 0.4) ? 'kill' : 'power', `as the terminal ${point}`)
  }

  /** Streams that the network broke, refused or held up so far. */
  get #broken(): number {
    const { streamCut, connectRefused, connectUnanswered, chunkDelayed } = this.network.accidents
    return streamCut + connectRefused + connectUnanswered + chunkDelayed + this.#powerCuts
  }

  /** Whether something happened since the customer stepped up that may leave the payment in doubt. */
  isDoubtful(customer: Customer, kinds: readonly AccidentKind[]): boolean {
    const since = this.#since.get(customer)
    // What it booked, we had acknowledged, and acknowledged only what was on our disk: a death leaves no doubt then.
    return !since || this.#disturbed(since, kinds) || (this.#died(since) && !this.showsBooked(customer))
  }

  /** Whether something happened since the customer stepped up first that a reversal or a refund may fail by. */
  mayOwe(customer: Customer, kinds: readonly AccidentKind[]): boolean {
    const since = this.#sinceFirst.get(customer)
    return !since || this.#disturbed(since, kinds) || this.#died(since)
  }

  #disturbed({ struck, broken }: Since, kinds: readonly AccidentKind[]): boolean {
    const { schedule } = this.#world
    return this.#broken > broken || schedule.struck.slice(struck).some(({ kind }) => kinds.includes(kind))
  }

  #died({ crashes }: Since): boolean {
    return this.#world.tally.crashes > crashes
  }

  /** The terminal shows a booked payment of this customer as its last transaction. */
  showsBooked(customer: Customer): boolean {
    this.#attribute()
    const last = this.terminal.books.findLast(({ state }) => state !== 'declined')
    return last?.kind === 'payment' && last.state === 'booked' && this.#owners.get(last.trace) === customer
  }

  #unplugTerminal(): void {
    const { schedule, clock } = this.#world
    const ms = schedule.pick('terminal gone for', [2_000, 20_000, 90_000])
    clock.after(schedule.below('terminal goes after', 2_000), () => {
      if (schedule.calm) return
      this.#world.situation('terminal-absent')
      // Perhaps in the middle of a later payment than the one for which it was drawn.
      this.#powerCuts += 1
      this.terminal.powerCycle(ms)
    })
  }

  /** New entries of the terminal's book belong to whoever stands there, reversals to whose payment they undo. */
  #attribute(): void {
    for (const { trace, originalTrace } of this.terminal.books) {
      if (this.#owners.has(trace)) continue
      const owner = originalTrace === undefined ? this.#atTerminal : this.#owners.get(originalTrace)
      if (owner) this.#owners.set(trace, owner)
    }
  }

  #chargedMinor(customer: Customer): number {
    this.#attribute()
    let charged = 0
    for (const { trace, kind, state, amountMinor } of this.terminal.books) {
      if (state !== 'booked' || this.#owners.get(trace) !== customer) continue
      charged += kind === 'payment' ? amountMinor : kind === 'refund' ? -amountMinor : 0
    }
    return charged
  }

  /** What a person reads on the terminal's slips: the newest entries of a customer first. */
  entriesOf(customer: Customer): readonly {
    readonly kind: string
    readonly state: string
    readonly amountMinor: number
    readonly trace: number
  }[] {
    this.#attribute()
    return this.terminal.books.filter(({ trace }) => this.#owners.get(trace) === customer).toReversed()
  }

  // ── paper and scanner ───────────────────────────────────────────────────────────────────────────────

  /** Before a receipt is printed. */
  beforePaper(): void {
    this.#countPrinter()
    const { schedule, clock } = this.#world
    const soon = (ms: number, repair: () => void): void => void clock.after(ms, repair)
    const after = schedule.pick('repaired after', [3_000, 30_000, 200_000])
    if (this.#world.strikes('paper-out', 'receipt')) {
      this.printer.accident('paper-out', { afterLines: schedule.below('lines left', 12) })
      soon(after, () => {
        if (this.printer.state().paper === 'out') this.#world.situation('paper-out')
        this.printer.accident('paper-in', {})
      })
    }
    if (this.#world.strikes('printer-cover', 'receipt')) {
      this.printer.accident('cover-open', {})
      soon(after, () => this.printer.accident('cover-close', {}))
    }
    if (this.#world.strikes('printer-unplugged', 'receipt')) {
      const afterBytes = schedule.below('bytes left', 900)
      this.#printerUntil = this.printer.state().receivedBytes + afterBytes
      this.printer.accident('lose-link', { afterBytes })
    }
  }

  /** Counts a printer that was really cut off: it received all that it was to receive before. */
  #countPrinter(): void {
    if (this.#printerUntil === undefined || this.printer.state().receivedBytes < this.#printerUntil) return
    this.#printerUntil = undefined
    this.#world.situation('printer-absent')
  }

  async scan(code: string): Promise<void> {
    if (this.#world.strikes('scanner-unplugged', 'scan')) {
      this.#world.situation('scanner-absent')
      this.scanner.accident('unplug', {})
      this.#world.clock.after(4_000, () => this.scanner.accident('plug', {}))
      return
    }
    await this.scanner.scan(code)
  }

  heal(): void {
    this.#countPrinter()
    this.network.heal()
    this.network.set({ chunkSplit: 0, chunksJoined: 0 })
    this.terminal.accident('approve', {})
    for (const name of ['paper-in', 'cover-close', 'online']) this.printer.accident(name, {})
    this.scanner.accident('plug', {})
  }

  /** Whether the network played an accident of this kind. */
  struck(kind: AccidentKind): boolean {
    const counts = new Map<string, number>()
    this.count(counts)
    return counts.has(kind)
  }

  /** Accidents of the network, by our names. */
  count(into: Map<string, number>): void {
    const { streamCut, connectRefused, connectUnanswered, chunkDelayed } = this.network.accidents
    const add = (kind: AccidentKind, count: number): unknown =>
      count > 0 && into.set(kind, (into.get(kind) ?? 0) + count)
    add('stream-cut', streamCut)
    add('stream-refused', connectRefused + connectUnanswered)
    add('stream-delayed', chunkDelayed)
  }
}

/** Where the amount begins (BMP 04, six bytes) behind result code 00; -1 where it does not follow. */
function amountAt(bytes: Uint8Array): number {
  for (let at = 3; at + 9 < bytes.length && at < 12; at += 1)
    if (bytes[at] === 0x27 && bytes[at + 1] === 0 && bytes[at + 2] === 0x04) return at + 3
  return -1
}
