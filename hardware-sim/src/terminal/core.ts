// A simulated ZVT payment terminal: one register at a time, one dialogue at a time, its own books. Accidents are
// switched on while it runs. It knows neither sockets nor real time: both are handed in.
import type { Json } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import {
  type Accident,
  accidentOf,
  Behaviour,
  type DialogueKind,
  type Moment,
  momentOf,
} from './accidents.ts'
import type { BookEntry } from './book-entry.ts'
import { Books, localTime, utcTime } from './books.ts'
import { cardOf } from './cards.ts'
import { type Apdu, bcd } from './codec.ts'
import { show } from './display.ts'
import {
  completeRegistration,
  enquiryCompletion,
  openReservations,
  registrationOf,
  UNREGISTERED,
} from './enquiries.ts'
import { Link } from './link.ts'
import { printsPayments, runMoney, type Till } from './money.ts'
import { isMoney, orderOf } from './orders.ts'
import { Reception } from './reception.ts'
import { hasTlv } from './sequence.ts'
import { hasToWait, SERVICES, type Service, statusOf } from './services.ts'
import { Slips } from './slips.ts'
import { COMMAND, RESULT, STATUS } from './tables.ts'
import { type Registration, Talk, type TalkLimits, type TerminalPoint } from './talk.ts'
import { type TerminalOptions, type TerminalState, withDefaults } from './terminal-options.ts'

/** 06 23 with a receipt number that no reservation has. */
const WHICH_RESERVATIONS = '87ffff'
const VERSION = 'CASHDESK-SIM 1.0'

/** The terminal behind its port. */
export class Terminal {
  readonly #options: TerminalOptions
  readonly #till: Till
  readonly #password: string
  readonly #timing: Timing
  readonly #reception: Reception
  readonly #onPoint: TalkLimits['onPoint']
  readonly #behaviour = new Behaviour()
  readonly #sleepers = new Set<() => void>()
  #registration: Registration = UNREGISTERED
  #link: Link | undefined
  #running: { readonly talk: Talk; readonly ended: Promise<void> } | undefined
  #last: TerminalState['lastDialogue'] = null
  #closed = false
  /** How far its clock is ahead of the machine's, since the register set it. */
  #aheadMs = 0

  /** @throws CashdeskError `sim.usage`, `sim.books` */
  constructor(
    options: TerminalOptions,
    timing: Timing,
    shut: (isShut: boolean) => void,
    onPoint?: (point: TerminalPoint, kind: DialogueKind) => void,
  ) {
    const { terminalId, currency, password, speed, card } = withDefaults(options)
    this.#options = options
    this.#password = password
    this.#timing = timing
    const shown = options.utc === true ? utcTime : localTime
    const time = (): string => shown(timing.clock.now() + this.#aheadMs)
    this.#onPoint = onPoint
    this.#till = {
      books: new Books({
        currency,
        time,
        ...(options.books !== undefined && { file: options.books }),
        ...(options.firstReceipt !== undefined && { firstReceipt: options.firstReceipt }),
      }),
      card: cardOf(card),
      time,
      terminalId,
      currency: bcd(currency, 2),
      stages: { cardMs: 100 * speed, pinMs: 80 * speed, hostMs: 120 * speed },
      customerAge: 30,
      needs: undefined,
      inserted: false,
      display: { lines: [], seconds: 0 },
      repeatShows: options.repeatShows ?? 'reversed',
      slips: new Slips(options.onSlip),
      setTime: text => {
        this.#aheadMs = 0
        this.#aheadMs = Date.parse(`${text}Z`) - Date.parse(`${time()}Z`)
      },
      repeatMs: options.repeatMs ?? 2_000,
      reversalMs: options.reversalMs ?? 0,
      sleep: ms => this.#sleep(ms),
    }
    this.#reception = new Reception({
      sleep: ms => this.#sleep(ms),
      entered: wire => this.#entered(wire),
      shut,
    })
    const { name = 'approve', ...args } = options.behaviour ?? {}
    this.#behaviour.set(accidentOf(String(name), args))
  }

  /** It is switched on. */
  start(): void {
    const { name, ms } = this.#behaviour.accident
    if (name === 'refuse-connections') this.#refuse(ms)
  }

  /** A register calls; false when nobody is there for it. */
  called(wire: Wire): boolean {
    return this.#reception.called(wire)
  }

  /** Every booking so far, oldest first: the evidence, not a copy of it. */
  get books(): readonly BookEntry[] {
    return this.#till.books.entries
  }

  /** The customer has another card. @throws CashdeskError `sim.usage` */
  present(card: string): void {
    this.#till.card = cardOf(card)
  }

  /** Breaks the link, if there is one. */
  cutLink(): void {
    this.#link?.cut()
  }

  /** Off and, after `offMs`, on again. What waited for the register is reversed, as real books are. */
  powerCycle(offMs: number): void {
    this.#registration = UNREGISTERED
    if (this.#running !== undefined) this.#running.talk.isOff = true
    this.#till.books.restart()
    this.#reception.turnAway()
    this.#link?.cut()
    for (const wake of [...this.#sleepers]) wake()
    if (offMs > 0) this.#refuse(offMs)
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
      customer: { card: this.#till.card.name, age: this.#till.customerAge },
      needs: this.#till.needs ?? null,
      display: this.#till.display.lines,
      slips: this.#till.slips.all,
    }
  }

  accident(name: string, args: { readonly [name: string]: Json } = {}): Accident {
    const moment = momentOf(name, args)
    if (moment !== undefined) {
      this.#happens(moment)
      return this.#behaviour.accident
    }
    const accident = accidentOf(name, args)
    this.#behaviour.set(accident)
    const talk = this.#running?.talk
    if (talk !== undefined) {
      const strikes = this.#behaviour.fits(accident, talk.kind, printsPayments(talk.registration))
      if (strikes || accident.name === 'approve') talk.turn(strikes ? accident : undefined)
    }
    if (accident.name === 'refuse-connections') this.#refuse(accident.ms)
    else this.#reception.reopen()
    return accident
  }

  #happens(moment: Moment): void {
    if (moment.name === 'card') this.present(moment.card)
    else if (moment.name === 'age') this.#till.customerAge = moment.years
    else if (moment.name === 'cut-link') this.cutLink()
    else if (moment.name === 'needs') this.#till.needs = moment.what === 'nothing' ? undefined : moment.what
    else this.powerCycle(moment.offMs)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#reception.close()
    this.#link?.cut()
    for (const wake of [...this.#sleepers]) wake()
    await this.#running?.ended
  }

  #refuse(ms: number): void {
    void this.#reception.refuse(ms).then(over => {
      const still = this.#behaviour.accident.name === 'refuse-connections'
      if (over && still) this.#behaviour.set(accidentOf('approve', {}))
    })
  }

  #sleep(ms: number): Promise<void> {
    if (ms <= 0 || this.#closed) return Promise.resolve()
    return new Promise(resolve => {
      const wake = (): void => {
        stop()
        this.#sleepers.delete(wake)
        resolve()
      }
      const stop = this.#timing.clock.after(ms, wake)
      this.#sleepers.add(wake)
    })
  }

  #entered(wire: Wire): void {
    const link = new Link(
      wire,
      this.#timing,
      { command: (from, apdu) => this.#command(from, apdu), lost: from => this.#lost(from) },
      this.#limits().t3Ms,
    )
    this.#link = link
    link.number(this.#registration.numbered)
    link.listen()
  }

  #lost(link: Link): void {
    if (this.#link === link) this.#link = undefined
    if (this.#running?.talk.link === link) this.#running.talk.interrupt()
    this.#reception.left()
  }

  #command(link: Link, apdu: Apdu): void {
    const talk = this.#running?.talk
    if (apdu.control === COMMAND.abort) {
      if (talk === undefined) this.#till.inserted = false
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
    // A container in any command tells that the register takes them, until it logs off (ch. 9.2.2).
    if (hasTlv(apdu)) this.#registration = { ...this.#registration, tlv: true }
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
      case COMMAND.partialReversal:
        if (data.toString('hex') === WHICH_RESERVATIONS) {
          return this.#run('reservation', link, t => openReservations(t, this.#till))
        }
        return this.#money(link, control, data)
      case COMMAND.statusEnquiry:
        return this.#enquiry(link, data, busy)
      case COMMAND.displayText: {
        if (!show(this.#till, data, this.#registration.charset)) return RESULT.notPossible
        link.reply(0x8000)
        return undefined
      }
      case COMMAND.reset:
        return this.#run('reset', link, talk => this.#restart(talk))
      default:
        return isMoney(control) ? this.#money(link, control, data) : this.#serve(link, control, data)
    }
  }

  /** A command that is not known, or that this terminal does not have, is answered all the same (ch. 2.66). */
  #serve(link: Link, control: number, data: Buffer): number | undefined {
    const service = SERVICES.get(control)
    if (service === undefined) return RESULT.notPossible
    const refusal = (service.isLocked ? this.#locked(data) : undefined) ?? service.refuses?.(data)
    return refusal ?? this.#run(service.kind, link, talk => this.#served(service, talk, data))
  }

  async #served(service: Service, talk: Talk, data: Buffer): Promise<string> {
    if (hasToWait(service.kind, this.#till)) return await this.#wait(talk)
    const ended = await service.run(talk, this.#till, data)
    if (talk.link.alive && this.#till.needs !== undefined && service.kind !== 'read-card') {
      this.#till.needs = undefined
    }
    return ended
  }

  /** It was told to do something before it got what it wants (ch. 7.1). */
  async #wait(talk: Talk): Promise<string> {
    if (!talk.accept()) return 'did not answer'
    await talk.fail(statusOf(this.#till))
    return `waits for ${this.#till.needs}`
  }

  /** 06 18: off and on again behind the last word. */
  async #restart(talk: Talk): Promise<string> {
    if (!talk.accept()) return 'did not answer'
    await talk.complete()
    this.#registration = UNREGISTERED
    talk.link.cut()
    return 'restarted'
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
      link.number(false)
      await completeRegistration(talk, this.#till, next)
      link.number(next.numbered)
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
      card: this.#till.card,
      needsRegistration: this.#options.unregistered !== 'take',
    })
    if (typeof order === 'number') return order
    const pays = order.kind === 'payment'
    const kind = !pays ? order.kind : order.original === undefined ? 'authorisation' : 'booking'
    return this.#run(kind, link, talk =>
      hasToWait(kind, this.#till) ? this.#wait(talk) : runMoney(order, talk, this.#till),
    )
  }

  #enquiry(link: Link, data: Buffer, busy: boolean): number | undefined {
    if (data.length > 0 && data.length < 3) return RESULT.protocol
    const completion = enquiryCompletion(
      data,
      VERSION,
      busy ? STATUS.busy : statusOf(this.#till),
      this.#till.time(),
    )
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

  #limits(): TalkLimits {
    const { t3Ms = 5_000, answerMs = 30_000 } = this.#options
    const onStruck = (accident: Accident): void => this.#behaviour.struck(accident)
    return { clock: this.#timing.clock, onPoint: this.#onPoint, onStruck, t3Ms, answerMs }
  }

  #run(kind: DialogueKind, link: Link, dialogue: (talk: Talk) => Promise<string>): undefined {
    const accident = this.#behaviour.take(kind, printsPayments(this.#registration))
    const talk = new Talk(kind, link, this.#registration, accident, this.#limits())
    const done = (ended: string): void => {
      this.#running = undefined
      this.#last = { kind, ended }
      const refuseMs = talk.accident?.refuseMs ?? 0
      if (refuseMs > 0 && !link.alive) this.#refuse(refuseMs)
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
