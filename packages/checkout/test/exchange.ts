// What lies between a till and its world: requests that arrive, are lost or come late, answers that come twice, time
// and power cuts. Numbers choose what happens.
import type { Answer, OperationId, TerminalEffect } from '@cashdesk/kernel'
import { totalsOf } from '../src/index.ts'
import { SHOP, SWISS } from './shop.ts'
import { type Entry, lost, printed, Till } from './till.ts'
import { type Request, silence, World } from './world.ts'

/** How the world answers what it understood. `late`: nobody waits for the answer any more. */
type How = 'well' | 'no' | 'part' | 'tip' | 'late'

/** What a generous customer adds at the terminal. */
const TIP_MINOR = 77

export function pick<Item>(items: Iterable<Item>, at: number): Item | undefined {
  const all = [...items]
  return all[at % Math.max(1, all.length)]
}

export class Exchange {
  readonly till: Till
  readonly world: World = new World()
  readonly requests: Map<OperationId, Request> = new Map()
  readonly #stash: Entry[] = []
  readonly #told: { readonly op: OperationId; readonly answer: Answer }[] = []

  constructor(swiss: boolean) {
    this.till = new Till(swiss ? SWISS : SHOP)
    this.till.watch = (_, { intents }) => {
      for (const { op, effect } of intents) this.describe(op, effect)
    }
  }

  /** What a plugin would see when it describes its call. */
  describe(op: OperationId, effect: Request['effect']): void {
    const sale = 'sale' in effect ? this.till.lane.sales.get(effect.sale) : undefined
    const claim = effect.type === 'provider' ? sale?.claims.find(each => each.id === effect.claim) : undefined
    const linesMinor = sale ? totalsOf(sale).linesMinor : 0
    this.requests.set(op, { op, effect, subject: claim?.subject ?? {}, linesMinor })
  }

  #tell(entry: Entry, answer: Answer): void {
    const via = entry.next === 'query' ? 'query' : 'send'
    this.#told.push({ op: entry.op, answer })
    this.till.do({ type: 'answer', op: entry.op, via, answer })
  }

  /** The request arrives, and its answer comes back. */
  answerWell(entry: Entry, how: How = 'well'): void {
    this.world.now = this.till.now
    const { effect } = entry.intent
    if (effect.type === 'terminal' && entry.next === 'repeat' && how !== 'no' && !this.#approves(entry))
      return
    this.#tell(entry, this.#arrive(entry, how))
  }

  /** The terminal asks for our acknowledgement before it books. */
  #approves(entry: Entry): boolean {
    const { effect } = entry.intent
    if (effect.type !== 'terminal') return true
    const facts = { amountMinor: effect.amountMinor, currency: effect.currency }
    // Some terminals print before they are done, and wait for each line to be kept.
    const lines = [{ receipt: 'customer', text: `${facts.amountMinor}` } as const]
    if (facts.amountMinor % 2 === 0) this.till.do({ type: 'terminal.slip', op: entry.op, lines })
    const events = this.till.do({ type: 'terminal.approved', op: entry.op, facts })
    if (!events.some(event => event.type === 'approval.rejected')) return true
    this.world.wrongs.push(`rejected what it had asked for: ${JSON.stringify(events)}`)
    return false
  }

  #arrive(entry: Entry, how: How = 'well'): Answer {
    const { op, next } = entry
    const { effect } = entry.intent
    const request = this.requests.get(op)
    if (!request) throw new TypeError('an operation that was never described')
    switch (effect.type) {
      case 'provider':
        return next === 'query'
          ? this.world.query(op)
          : this.world.provider(request, effect, how === 'part' || how === 'tip' ? 'well' : how)
      case 'terminal':
        if (next === 'query') return this.world.inquire(op, effect.currency)
        return this.#terminal(op, effect, how)
      case 'end-of-day':
        return this.world.settle(this.till.config.currency)
      default:
        return printed()
    }
  }

  #terminal(op: OperationId, effect: TerminalEffect, how: How): Answer {
    if (how === 'no') return this.world.declines(op)
    const kind = this.till.lane.operations.get(op)?.kind
    // What is reversed is reversed whole, and only a payment has a tip.
    const tipMinor = how === 'tip' && kind === 'pay' ? TIP_MINOR : 0
    return this.world.terminal(op, effect, how === 'part' && kind !== 'reverse', tipMinor)
  }

  answers(a: number, b: number): void {
    const head = pick(this.till.heads(), a)
    if (head) this.answerWell(head, b % 11 === 0 ? 'part' : b % 11 === 1 ? 'tip' : 'well')
  }

  /** The request is lost, or its answer, or the answer is no, or a question, or nonsense. */
  suffers(a: number, b: number, c: number): void {
    const head = pick(this.till.heads(), a)
    if (!head) return
    this.world.now = this.till.now
    const isTerminal = head.intent.effect.type === 'terminal'
    switch (b % 8) {
      case 0:
        return this.#tell(head, silence(head.intent, c % 2 === 0))
      case 1:
      case 2:
        // It arrives and is done, and nobody here learns of it.
        if (isTerminal && head.next === 'repeat' && c % 2 === 0) this.#approves(head)
        this.#arrive(head)
        return this.#tell(head, silence(head.intent, true))
      case 3:
        return this.answerWell(head, 'no')
      case 4:
        // Approved, and then the line broke before it was booked.
        if (isTerminal && head.next === 'repeat') this.#approves(head)
        return this.#tell(head, silence(head.intent, true))
      case 5:
        return this.#tell(head, this.#asks(head))
      case 6:
        return this.#tell(head, isTerminal ? lost('terminal.cannot-tell') : silence(head.intent, true))
      default:
        if (head.intent.effect.type === 'provider' && head.next === 'repeat') this.#stash.push(head)
        return this.#tell(head, silence(head.intent, true))
    }
  }

  /** A question where one may be asked, nonsense anywhere else. */
  #asks({ op, intent }: Entry): Answer {
    const { effect } = intent
    if (effect.type === 'provider' && effect.operation === 'reserve') return this.world.asks(op)
    return { outcome: 'ask', prompt: { kind: 'serial', text: 'Again?' } }
  }

  /** A request that was thought lost arrives after all. */
  arrivesLate(): void {
    const entry = this.#stash.shift()
    if (!entry) return
    this.world.now = this.till.now
    this.#arrive({ ...entry, next: 'repeat' }, 'late')
  }

  /** An answer that was given before is given again. */
  answersLate(a: number): void {
    const told = pick(this.#told, a)
    if (!told || this.till.lane.operations.has(told.op)) return
    this.till.do({ type: 'answer', op: told.op, via: 'send', answer: told.answer })
  }

  waits(a: number, b: number): void {
    this.till.pass([1, 999, 5_000, 20_000, 60_000, 400_000][b % 6] ?? 1 + a)
  }

  restarts(a: number): void {
    if (a % 5 === 0) this.till.now += 3_600_000
    this.till.restart()
  }
}
