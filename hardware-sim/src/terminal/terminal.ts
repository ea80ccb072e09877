// A simulated ZVT payment terminal on TCP: one register at a time, one dialogue at a time, its own books. Accidents
// are switched on while it runs. As a library: `startTerminalSim`; as a process: `terminal/program.ts`.
import { CashdeskError, type Json } from '@cashdesk/kernel'
import type { RunningSim } from '../program.ts'
import { type Accident, accidentOf, Behaviour, type DialogueKind } from './accidents.ts'
import { type BookEntry, Books, type BookTotals } from './books.ts'
import { type Apdu, bcd } from './codec.ts'
import { Door } from './door.ts'
import {
  completeRegistration,
  diagnosis,
  endOfDay,
  enquiryCompletion,
  type RepeatShows,
  registrationOf,
  repeatReceipt,
  UNREGISTERED,
} from './enquiries.ts'
import { Link } from './link.ts'
import { printsPayments, runMoney, type Till } from './money.ts'
import { orderOf } from './orders.ts'
import { CARDS, COMMAND, RESULT } from './tables.ts'
import { type Registration, Talk } from './talk.ts'

/** All times in ms. */
export interface TerminalSimOptions {
  /** 0 (default) takes any free port. */
  readonly port?: number
  readonly host?: string
  /** A JSON file for the books, so that they survive the terminal. */
  readonly books?: string
  /** Eight digits. */
  readonly terminalId?: string
  /** Six digits. */
  readonly password?: string
  /** ISO 4217 numeric, three digits; 978 is EUR. */
  readonly currency?: string
  readonly card?: string
  /** Stretches the stages of a payment (300 ms in all); 0 for tests. */
  readonly speed?: number
  /** The wait for the register's word on 04 0F and on each print command. */
  readonly answerMs?: number
  /** The wait for any other answer. */
  readonly t3Ms?: number
  /** The wait between `84 9C` and the next 04 0F. */
  readonly repeatMs?: number
  /** How long an auto-reversal keeps the terminal busy. */
  readonly reversalMs?: number
  readonly repeatShows?: RepeatShows
  readonly firstReceipt?: number
  /** The behaviour to begin with: an accident's name and arguments. */
  readonly behaviour?: { readonly name: string; readonly [argument: string]: Json }
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export type TerminalState = {
  readonly books: readonly BookEntry[]
  readonly totals: BookTotals
  readonly behaviour: Accident
  readonly connected: boolean
  readonly registered: boolean
  /** The dialogue that runs now. */
  readonly dialogue: DialogueKind | null
  /** The last dialogue that ended, and how. */
  readonly lastDialogue: { readonly kind: DialogueKind; readonly ended: string } | null
}

export interface TerminalSim extends RunningSim {
  readonly port: number
  state(): TerminalState
  accident(name: string, args?: { readonly [name: string]: Json }): Accident
}

const VERSION = 'CASHDESK-SIM 1.0'

/** @throws CashdeskError `sim.usage`, `sim.port-in-use`, `sim.books` */
export async function startTerminalSim(options: TerminalSimOptions = {}): Promise<TerminalSim> {
  const terminal = new Terminal(options)
  await terminal.open()
  return terminal
}

class Terminal implements TerminalSim {
  readonly sim = 'terminal'
  readonly #options: TerminalSimOptions
  readonly #till: Till
  readonly #password: string
  readonly #now: () => number
  readonly #behaviour = new Behaviour()
  readonly #sleepers = new Set<() => void>()
  #registration: Registration = UNREGISTERED
  readonly #door: Door
  #link: Link | undefined
  #running: { readonly talk: Talk; readonly ended: Promise<void> } | undefined
  #last: TerminalState['lastDialogue'] = null
  #closed = false

  constructor(options: TerminalSimOptions) {
    const {
      terminalId = '52500041',
      currency = '978',
      speed = 1,
      card = 'girocard',
      password = '000000',
    } = options
    const presented = CARDS[card]
    if (presented === undefined) throw new CashdeskError('sim.usage', { card, known: Object.keys(CARDS) })
    digits('tid', terminalId, 8)
    digits('currency', currency, 3)
    digits('password', password, 6)
    this.#options = options
    this.#password = password
    this.#now = options.now ?? Date.now
    this.#till = {
      books: new Books({
        currency,
        now: this.#now,
        ...(options.books !== undefined && { file: options.books }),
        ...(options.firstReceipt !== undefined && { firstReceipt: options.firstReceipt }),
      }),
      card: presented,
      terminalId,
      currency: bcd(currency, 2),
      stages: { cardMs: 100 * speed, pinMs: 80 * speed, hostMs: 120 * speed },
      repeatMs: options.repeatMs ?? 2_000,
      reversalMs: options.reversalMs ?? 0,
      sleep: ms => this.#sleep(ms),
    }
    this.#door = new Door(options.host, {
      sleep: ms => this.#sleep(ms),
      entered: socket => {
        this.#link = new Link(
          socket,
          { command: (link, apdu) => this.#command(link, apdu), lost: link => this.#lost(link) },
          this.#limits().t3Ms,
        )
      },
    })
    const { name = 'approve', ...args } = options.behaviour ?? {}
    this.#behaviour.set(accidentOf(String(name), args))
  }

  get port(): number {
    return this.#door.port
  }

  get ports(): { readonly tcp: number } {
    return { tcp: this.port }
  }

  async open(): Promise<void> {
    await this.#door.open(this.#options.port ?? 0)
    const { name, ms } = this.#behaviour.accident
    if (name === 'refuse-connections') this.#refuse(ms)
  }

  state(): TerminalState {
    return {
      books: this.#till.books.entries.slice(),
      totals: this.#till.books.totals(),
      behaviour: this.#behaviour.accident,
      connected: this.#link !== undefined,
      registered: this.#registration.registered,
      dialogue: this.#running?.talk.kind ?? null,
      lastDialogue: this.#last,
    }
  }

  accident(name: string, args: { readonly [name: string]: Json } = {}): Accident {
    const accident = accidentOf(name, args)
    this.#behaviour.set(accident)
    if (accident.name === 'refuse-connections') this.#refuse(accident.ms)
    else void this.#door.reopen()
    return accident
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#door.close()
    this.#link?.cut()
    for (const wake of [...this.#sleepers]) wake()
    await this.#running?.ended
  }

  #refuse(ms: number): void {
    void this.#door.refuse(ms).then(over => {
      const still = this.#behaviour.accident.name === 'refuse-connections'
      if (over && still) this.#behaviour.set(accidentOf('approve', {}))
    })
  }

  #sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.#closed) return Promise.resolve()
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#sleepers.add(wake)
    })
  }

  #lost(link: Link): void {
    if (this.#link === link) this.#link = undefined
    if (this.#running?.talk.link === link) this.#running.talk.interrupt()
    this.#door.left()
  }

  #command(link: Link, apdu: Apdu): void {
    const talk = this.#running?.talk
    if (apdu.control === COMMAND.abort) {
      const tooLate = talk !== undefined && !(talk.link === link && talk.abortable)
      link.reply(tooLate ? 0x8400 | RESULT.notPossible : 0x8000)
      if (!tooLate) talk?.abort()
      return
    }
    // While it reverses by itself after a lost link, it only says that it is busy.
    const busy = talk !== undefined
    if (busy && !(apdu.control === COMMAND.statusEnquiry && talk.link !== link)) {
      link.reply(0x8400 | RESULT.notReady)
      return
    }
    const refusal = this.#start(link, apdu, busy)
    if (refusal !== undefined) link.reply(0x8400 | refusal)
  }

  /** Starts what the command orders, or answers the code with which it is refused. */
  #start(link: Link, { control, data }: Apdu, busy: boolean): number | undefined {
    switch (control) {
      case COMMAND.registration:
        return this.#register(link, data)
      case COMMAND.logOff:
        this.#registration = UNREGISTERED
        link.reply(0x8000)
        return undefined
      case COMMAND.authorisation:
      case COMMAND.refund:
      case COMMAND.reversal:
        return this.#money(link, control, data)
      case COMMAND.statusEnquiry:
        return this.#enquiry(link, data, busy)
      case COMMAND.repeatReceipt: {
        const shows = this.#options.repeatShows ?? 'reversed'
        return (
          this.#locked(data) ??
          this.#run('repeat-receipt', link, t => repeatReceipt(t, this.#till, data, shows))
        )
      }
      case COMMAND.endOfDay:
        return this.#locked(data) ?? this.#run('end-of-day', link, t => endOfDay(t, this.#till, this.#now()))
      case COMMAND.diagnosis:
        return this.#run('diagnosis', link, t => diagnosis(t, this.#till, this.#now()))
      default:
        return RESULT.notPossible
    }
  }

  #register(link: Link, data: Buffer): number | undefined {
    const locked = this.#locked(data)
    if (locked !== undefined) return locked
    const next = registrationOf(data, this.#till.currency)
    if (next === RESULT.registrationFailed) {
      link.reply(0x8400 | next, Buffer.concat([Buffer.from([RESULT.wrongCurrency]), this.#till.currency]))
      return undefined
    }
    if (typeof next === 'number') return next
    return this.#run('registration', link, async talk => {
      if (!talk.accept()) return 'did not answer'
      this.#registration = next
      await completeRegistration(talk, this.#till, next)
      return 'registered'
    })
  }

  #money(link: Link, control: number, data: Buffer): number | undefined {
    const order = orderOf(control, data, {
      books: this.#till.books,
      registration: this.#registration,
      currency: this.#till.currency,
      password: this.#password,
      answerMs: this.#options.answerMs ?? 30_000,
    })
    if (typeof order === 'number') return order
    const kind = order.kind === 'payment' ? 'authorisation' : order.kind
    return this.#run(kind, link, talk => runMoney(order, talk, this.#till))
  }

  #enquiry(link: Link, data: Buffer, busy: boolean): number | undefined {
    if (data.length > 0 && data.length < 3) return RESULT.protocol
    const completion = enquiryCompletion(data, VERSION, busy)
    if (busy) {
      // Beside the reversal that still runs, hence no dialogue of its own.
      const talk = new Talk('status-enquiry', link, this.#registration, undefined, this.#limits())
      if (talk.accept()) void talk.complete(completion)
      return undefined
    }
    return this.#run('status-enquiry', link, async talk => {
      if (!talk.accept()) return 'did not answer'
      await talk.complete(completion)
      return 'enquired'
    })
  }

  #locked(data: Buffer): number | undefined {
    if (data.length < 3) return RESULT.protocol
    return data.subarray(0, 3).toString('hex') === this.#password ? undefined : RESULT.notPossible
  }

  #limits(): { t3Ms: number; answerMs: number } {
    return { t3Ms: this.#options.t3Ms ?? 5_000, answerMs: this.#options.answerMs ?? 30_000 }
  }

  #run(kind: DialogueKind, link: Link, dialogue: (talk: Talk) => Promise<string>): undefined {
    const accident = this.#behaviour.take(kind, printsPayments(this.#registration))
    const talk = new Talk(kind, link, this.#registration, accident, this.#limits())
    const done = (ended: string): void => {
      this.#running = undefined
      this.#last = { kind, ended }
      if (accident !== undefined && accident.refuseMs > 0 && !link.alive) this.#refuse(accident.refuseMs)
    }
    const ended = dialogue(talk).then(done, thrown => {
      // Books that cannot be kept: a terminal that cannot store takes no money, so nobody hears 06 0F.
      link.cut()
      done(thrown instanceof Error ? thrown.message : String(thrown))
    })
    this.#running = { talk, ended }
    return undefined
  }
}

function digits(option: string, value: string, length: number): void {
  if (!/^\d+$/.test(value) || value.length !== length) {
    throw new CashdeskError('sim.usage', { option, value: value.slice(0, 40), digits: length })
  }
}
