// A register in a world of accidents, driven by numbers: every number is some step that makes sense or does not. The
// register remembers its own payments; the world keeps its own books.
import type { Input, Sale, SaleCommand, SaleKind, Wanted } from '@cashdesk/kernel'
import { lineId, minor, saleId, tenderId } from '@cashdesk/kernel'
import { totalsOf } from '../src/index.ts'
import { Exchange, pick } from './exchange.ts'
import { article, CARD, COUPON, MILK, POINTS, wants } from './shop.ts'

/** A step: which one, and three numbers to choose with. */
export type Step = readonly [kind: number, a: number, b: number, c: number]

export class Chaos extends Exchange {
  /** What the register itself did about the sales it owns. */
  readonly truth: Map<string, { readonly revision: number; readonly totalMinor: number } | 'cancelled'> =
    new Map()
  readonly history: SaleCommand[] = []
  readonly #resolved: Set<string> = new Set()
  #ids = 0

  constructor(swiss: boolean) {
    super(swiss)
    const { watch } = this.till
    this.till.watch = (input, decision) => {
      watch(input, decision)
      if ('sale' in input) this.history.push(input)
    }
  }

  step([kind, a, b, c]: Step): void {
    const steps = this.#steps
    const step = steps[kind % steps.length]
    step?.call(this, a, b, c)
  }

  readonly #steps: readonly ((this: Chaos, a: number, b: number, c: number) => void)[] = [
    this.#opens,
    this.#scans,
    this.#ringsUp,
    this.#ringsUp,
    this.#replies,
    this.#takesOff,
    this.#claims,
    this.#says,
    this.#totals,
    this.#pays,
    this.#finishes,
    ...Array(8).fill(this.#goesOn),
    ...Array(7).fill(this.answers),
    ...Array(4).fill(this.suffers),
    this.arrivesLate,
    this.answersLate,
    this.waits,
    this.waits,
    this.restarts,
    this.#paidByRegister,
    this.#asked,
    this.#settles,
    this.#returns,
    this.#returns,
    this.#cancelsPaid,
    this.#cancelsPaid,
    this.#repeats,
    this.#endsDay,
  ]

  // ── the register ──────────────────────────────────────────────────────────────────────────────────────

  #sale(a: number): Sale | undefined {
    const live = [...this.till.lane.sales.values()]
    // Mostly the newest: that is where something is going on.
    return a % 4 === 0 ? pick(live, a >> 2) : (live.at(-1 - (a % 2)) ?? live.at(-1))
  }

  #next(prefix: string): string {
    this.#ids += 1
    return `${prefix}${this.#ids}`
  }

  #opens(a: number, b: number): void {
    const kind: SaleKind = 'sale'
    const owner = a % 2 === 0 ? 'register' : 'till'
    this.till.do({ type: 'sale.open', sale: saleId(this.#next('S')), kind, owner, training: b % 8 === 0 })
  }

  #scans(a: number): void {
    const line = lineId(this.#next('L'))
    const codes: readonly Input[] = [
      { type: 'scan', text: 'milk', line, article: MILK, wants: [] },
      { type: 'scan', text: `A${a % 5}`, line, wants: [] },
      { type: 'scan', text: 'card', line, article: CARD, wants: [wants()] },
      { type: 'scan', text: 'TEN', line, wants: [], basket: { ...COUPON, subject: { code: `C${a % 3}` } } },
    ]
    const code = pick(codes, a)
    if (code) this.till.do(code)
  }

  #ringsUp(a: number, b: number, c: number): void {
    const sale = this.#sale(a)
    if (!sale) return
    const serial = c % 5 === 0 ? undefined : `A${c % 7}`
    const wanted: readonly Wanted[] =
      b % 3 === 0 ? [] : [wants(serial, b % 3 === 1 ? 'activation' : 'licence')]
    const what = wanted.length > 0 ? CARD : article([129, 1002, 0, -25, 4999][b % 5] ?? 1)
    const [line, quantity] = [
      lineId(this.#next('L')),
      wanted.length > 0 ? 1 : (c % 3) + (b % 16 === 0 ? 0 : 1),
    ]
    this.till.do({ type: 'line.add', sale: sale.id, line, article: what, quantity, wants: wanted })
  }

  #replies(a: number, b: number): void {
    const sale = this.#sale(a)
    const prompt = sale?.prompts[0]
    if (!sale || !prompt) return
    this.till.do({
      type: 'prompt.answer',
      sale: sale.id,
      prompt: prompt.id,
      value: b % 9 === 0 ? '' : `A${b % 7}`,
    })
  }

  #takesOff(a: number, b: number): void {
    const sale = this.#sale(a)
    const line = sale ? pick(sale.lines, b) : undefined
    if (sale && line) this.till.do({ type: 'line.void', sale: sale.id, line: line.id })
  }

  #claims(a: number, b: number): void {
    const sale = this.#sale(a)
    const wanted = b % 3 === 0 ? POINTS : { ...COUPON, subject: { code: `C${b % 4}` } }
    if (sale) this.till.do({ type: 'basket.claim', sale: sale.id, wanted })
  }

  #says(a: number, b: number): void {
    const sale = this.#sale(a)
    const said = [
      'sale.park',
      'sale.resume',
      'sale.reopen',
      'sale.cancel',
      'sale.print',
      'sale.resume',
    ] as const
    const type = said[b % said.length]
    if (!sale || !type) return
    if (type === 'sale.cancel') this.#cancels(sale)
    else this.till.do({ type, sale: sale.id })
  }

  /** What a sensible register does next with a sale. */
  #goesOn(a: number, b: number, c: number): void {
    const sale = this.#sale(a)
    if (!sale) return this.#opens(a, b)
    const { id, owner, state, prompts, lines } = sale
    if (prompts.length > 0) return this.#replies(a, b)
    if (state === 'parked') this.till.do({ type: 'sale.resume', sale: id })
    else if (state === 'open' && sale.kind === 'sale' && lines.length < 2) this.#ringsUp(a, b, c)
    else if (state === 'open') this.till.do({ type: 'sale.total', sale: id })
    else if (state === 'tendering' && owner === 'till') this.#pays(a, b, c)
    else if (state === 'tendering') this.#paidByRegister(a, b)
    else if (state === 'settling') this.#finishes(a, b)
    else this.#opens(b, c)
  }

  /** The register changed its mind about a sale that is paid. */
  #cancelsPaid(a: number): void {
    const paid = [...this.till.lane.sales.values()].filter(
      ({ owner, paidAt }) => owner === 'register' && paidAt,
    )
    const sale = pick(paid, a)
    if (sale) this.#cancels(sale)
  }

  #cancels(sale: Sale): void {
    this.till.do({ type: 'sale.cancel', sale: sale.id })
    const { state } = this.till.sale(sale.id)
    if (sale.owner === 'register' && (state === 'cancelling' || state === 'cancelled'))
      this.truth.set(sale.id, 'cancelled')
  }

  #totals(a: number): void {
    const sale = this.#sale(a)
    if (sale) this.till.do({ type: 'sale.total', sale: sale.id })
  }

  #pays(a: number, b: number, c: number): void {
    const sale = this.#sale(a)
    if (!sale) return
    const by = ['cash', 'card', 'giftcard', 'card', 'shells'][b % 5] ?? 'cash'
    const open = Math.abs(totalsOf(sale).openMinor)
    const amountMinor = c % 3 === 0 ? minor(Math.ceil(open / 2)) : ('rest' as const)
    this.till.do({
      type: 'tender.add',
      sale: sale.id,
      tender: tenderId(this.#next('P')),
      by,
      amountMinor,
      ...(c % 4 === 0 ? { givenMinor: minor(Math.ceil(open / 100) * 100) } : {}),
      ...(c % 2 === 0 ? { split: true } : {}),
      ...(by === 'giftcard' ? { subject: { number: `G${c % 2}` } } : {}),
    })
  }

  #finishes(a: number, b: number): void {
    const sale = this.#sale(a)
    if (sale) this.till.do({ type: 'sale.finish', sale: sale.id, budgetMs: (b % 4) * 1_000 })
  }

  /** The register took its payment: what it says about it from now on does not change. */
  #paidByRegister(a: number, b: number): void {
    const sale = this.#sale(a)
    if (!sale) return
    const known = this.truth.get(sale.id)
    const { revision, frozen } = sale
    const totalMinor = frozen?.ready ? frozen.totalMinor : totalsOf(sale).totalMinor
    const wrong = b % 7 === 0 ? 1 : 0
    const paid =
      known === undefined || known === 'cancelled' ? { revision, totalMinor: totalMinor + wrong } : known
    this.till.do({
      type: 'register.paid',
      sale: sale.id,
      revision: paid.revision,
      totalMinor: minor(paid.totalMinor),
      reference: 'R',
    })
    const { state } = this.till.sale(sale.id)
    if (sale.owner === 'register' && (state === 'settling' || state === 'closed'))
      this.truth.set(sale.id, paid)
  }

  #asked(a: number, b: number): void {
    const sale = this.#sale(a)
    if (sale) this.says(sale, b)
  }

  /** The register's answer to "what became of it", by its own book. */
  says(sale: Sale, b = 1): void {
    if (sale.owner !== 'register') return
    const known = this.truth.get(sale.id)
    const status =
      known === undefined ? (b % 2 === 0 ? 'open' : 'unknown') : known === 'cancelled' ? 'cancelled' : 'paid'
    const paid =
      known === undefined || known === 'cancelled'
        ? {}
        : { ...known, totalMinor: minor(known.totalMinor), reference: 'R' }
    this.till.do({ type: 'register.status', sale: sale.id, status, ...paid })
  }

  #returns(a: number, b: number, c: number): void {
    const original = pick(
      [...this.till.lane.sales.values()].filter(sale => sale.kind === 'sale' && sale.paidAt !== undefined),
      a,
    )
    if (!original) return
    const sale = saleId(this.#next('R'))
    const kind = b % 2 === 0 ? 'void' : 'return'
    const { training, id } = original
    this.till.do({ type: 'sale.open', sale, kind, owner: 'till', original: id, training })
    const line = pick(original.lines, c)
    if (kind === 'void' || !line || !this.till.lane.sales.has(sale)) return
    const back = {
      type: 'line.add',
      sale,
      line: lineId('back'),
      article: MILK,
      wants: [],
      of: line.id,
    } as const
    this.till.do({ ...back, quantity: 1 + (c % 2) })
  }

  #repeats(a: number): void {
    const command = pick(this.history, a)
    if (command && command.type !== 'register.paid') this.till.do(command)
  }

  #endsDay(a: number): void {
    if (a % 4 === 0) this.till.do({ type: 'day.end' })
  }

  /** A person looks at the slip and says what stands there, or decides what to do about a provider. */
  #settles(a: number, b: number): void {
    const task = pick(this.till.tasks(), a)
    if (!task) return
    const isBooked = task.op !== undefined && this.world.isBooked(task.op)
    const action =
      task.kind === 'payment-unresolved'
        ? isBooked
          ? 'booked'
          : 'not-booked'
        : task.kind === 'reversal-unresolved'
          ? isBooked
            ? 'reversed'
            : 'not-reversed'
          : pick(task.actions, b)
    if (action !== 'retry') this.#resolved.add(`${task.claim ?? task.tender ?? ''}`)
    this.till.do({
      type: 'task.resolve',
      task: task.id,
      action: action ?? 'retry',
      operator: '17',
      reason: 'x',
    })
  }

  /** Did a person decide about this claim or payment? */
  isSettledByHand(id: string): boolean {
    return this.#resolved.has(id)
  }
}
