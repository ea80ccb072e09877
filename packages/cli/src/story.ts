// The story of one sale: for every step that touched it what came in, what it changed, what was sent, and what came
// back, in sentences. The steps are told as they were recorded; nothing is decided again.
import { totalsOf } from '@cashdesk/checkout'
import type {
  EpochMs,
  Event,
  Input,
  Intent,
  OpenOperation,
  Sale,
  SaleId,
  Step,
  TaskId,
} from '@cashdesk/kernel'
import { itemOf } from './pending.ts'
import { answerSentence, eventSentence, inputSentence, intentSentence, type Names } from './sentences.ts'
import { amountOf, claimWords, dayOf, LEG_WORDS, momentOf, PAPER_WORDS, SALE_WORDS, timeOf } from './words.ts'

/** `in` came in · `out` was sent · `back` came back · `now` changed · `money` moved or will not · `wrong` needs a look */
type SentenceKind = 'in' | 'out' | 'back' | 'now' | 'money' | 'wrong'

export interface Sentence {
  readonly kind: SentenceKind
  readonly text: string
  /** The operation it is about: its idempotency key at the provider. */
  readonly op?: string
}

/** One step, as far as it is about the sale. */
export interface Chapter {
  readonly record: number
  readonly at: EpochMs
  readonly sentences: readonly Sentence[]
}

/** Told every step of a journal in order, it tells the chapters of one sale, or of all. */
export class Storyteller {
  readonly #sale: SaleId | undefined
  readonly #names: Names = { lines: new Map(), claims: new Map(), legs: new Map(), operations: new Map() }
  readonly #tasks: Set<TaskId> = new Set()
  #currency: string | undefined

  /** @param sale all sales if absent */
  constructor(sale?: SaleId) {
    this.#sale = sale
  }

  /** What was said before the first step that is told. */
  meet(sale: Sale): void {
    this.#currency = sale.currency
    const { lines, claims, legs } = this.#names
    for (const line of sale.lines) lines.set(`${sale.id} ${line.id}`, line.article.name)
    for (const claim of sale.claims) claims.set(claim.id, { ...claim, sale: sale.id })
    for (const leg of sale.legs) legs.set(`${sale.id} ${leg.id}`, leg)
  }

  meetOperation(operation: OpenOperation): void {
    this.#names.operations.set(operation.op, { ...operation, sentAt: operation.since })
  }

  tell(step: Step, record: number): Chapter | undefined {
    const { at, input } = step
    if (input.type === 'lane.started') this.#currency = input.config.currency
    const events = step.events.filter(event => this.#concerns(event))
    const intents = step.intents.filter(({ sale }) => this.#isOurs(sale))
    const ours = events.length > 0 || intents.length > 0 || this.#heard(input)
    if (!ours) return undefined
    for (const event of events) this.#learn(event, at)
    const told = { names: this.#names, at, currency: this.#currency }
    const first = input.type === 'answer' ? answerSentence(input, told) : inputSentence(input, told)
    const sentences = [
      ...(first ? [first] : []),
      ...events.flatMap(event => eventSentence(event, told) ?? []),
      ...intents.map((intent: Intent) => intentSentence(intent, told)),
    ]
    this.#forget(events)
    return sentences.length === 0 ? undefined : { record, at, sentences }
  }

  #isOurs(sale: SaleId | undefined): boolean {
    return this.#sale === undefined || sale === this.#sale
  }

  #heard(input: Input): boolean {
    if (this.#sale === undefined) return true
    if ('sale' in input) return input.sale === this.#sale
    return input.type === 'answer' && this.#names.operations.has(input.op)
  }

  #concerns(event: Event): boolean {
    if (this.#sale === undefined) return true
    if (event.type === 'op.opened') return event.operation.sale === this.#sale
    if (event.type === 'task.opened') return event.task.sale === this.#sale
    if (event.type === 'task.resolved') return this.#tasks.has(event.task)
    if ('sale' in event) return event.sale === this.#sale
    return 'op' in event && this.#names.operations.has(event.op)
  }

  #learn(event: Event, at: EpochMs): void {
    const { lines, claims, legs, operations } = this.#names
    switch (event.type) {
      case 'line.added':
        lines.set(`${event.sale} ${event.line.id}`, event.line.article.name)
        return
      case 'claim.opened':
        claims.set(event.claim.id, { ...event.claim, sale: event.sale })
        return
      case 'claim.moved': {
        const claim = claims.get(event.claim)
        if (claim && event.subject)
          claims.set(event.claim, { ...claim, subject: { ...claim.subject, ...event.subject } })
        return
      }
      case 'leg.opened':
        legs.set(`${event.sale} ${event.leg.id}`, event.leg)
        return
      case 'op.opened':
        operations.set(event.op, { ...event.operation, sentAt: at })
        return
      case 'op.attempted': {
        const operation = operations.get(event.op)
        if (operation) operations.set(event.op, { ...operation, sentAt: at })
        return
      }
      case 'task.opened':
        this.#tasks.add(event.task.id)
        return
      default:
    }
  }

  /** All sales of a journal have many operations: of those that are over only a late answer could still be told. */
  #forget(events: readonly Event[]): void {
    if (this.#sale !== undefined) return
    const { operations, claims, lines, legs } = this.#names
    for (const event of events) {
      if (event.type === 'op.settled') operations.delete(event.op)
      if (event.type === 'task.resolved') this.#tasks.delete(event.task)
      if (event.type !== 'sale.closed' && event.type !== 'sale.cancelled') continue
      const open = new Set([...operations.values()].map(({ sale }) => sale))
      if (open.has(event.sale)) continue
      for (const map of [lines, legs])
        for (const key of map.keys()) if (key.startsWith(`${event.sale} `)) map.delete(key)
      for (const [id, claim] of claims) if (claim.sale === event.sale) claims.delete(id)
    }
  }
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────

const MARKS: { readonly [kind in SentenceKind]: string } = {
  in: ' ',
  out: '→',
  back: '←',
  now: ' ',
  money: ' ',
  wrong: '!',
}

/** The sale as it stands, then its timeline, day by day. */
export function storyLines(sale: Sale, chapters: readonly Chapter[]): readonly string[] {
  const lines = [...saleLines(sale), '']
  let day = ''
  for (const chapter of chapters) {
    const today = dayOf(chapter.at)
    if (today !== day) lines.push(today)
    day = today
    lines.push(...chapterLines(chapter))
  }
  return lines
}

export function chapterLines({ at, sentences }: Chapter): readonly string[] {
  return sentences.map(
    ({ kind, text }, index) => `  ${index === 0 ? timeOf(at) : '        '} ${MARKS[kind]} ${text}`,
  )
}

function saleLines(sale: Sale): readonly string[] {
  const { id, kind, state, currency, operator, original, openedAt, endedAt, training, lines, legs, paper } =
    sale
  const { totalMinor, openMinor } = totalsOf(sale)
  const of = kind === 'sale' ? 'Sale' : kind === 'void' ? 'Void' : 'Return'
  const ended = endedAt === undefined ? '' : `, ended ${momentOf(endedAt)}`
  return [
    `${of} ${id} · ${SALE_WORDS[state]} · ${amountOf(totalMinor, currency)}${training ? ' · TRAINING' : ''}`,
    `opened ${momentOf(openedAt)}${operator === undefined ? '' : ` by ${operator}`}${ended}`,
    ...(original === undefined ? [] : [`takes back sale ${original}`]),
    ...(sale.owner === 'register' ? ['the register owns basket and payment'] : []),
    '',
    ...lines.map(line => {
      const claims = sale.claims.filter(claim => claim.line === line.id)
      const held = claims.map(claim => `, ${itemOf(claim) ?? claim.plugin} ${claimWords(claim.state)}`)
      const gone = line.state === 'active' ? '' : `, ${line.state}`
      const amount = amountOf(line.grossMinor, currency)
      return `  ${line.quantity} × ${line.article.name}  ${amount}${gone}${held.join('')}`
    }),
    ...sale.claims
      .filter(claim => claim.on === 'basket')
      .map(claim => `  ${claim.plugin} ${itemOf(claim) ?? ''} ${claimWords(claim.state)}`),
    ...legs.map(leg => {
      const amount = leg.state === 'done' ? leg.amountMinor : leg.askedMinor
      return `  paid by ${leg.by}  ${amountOf(amount, currency)} ${LEG_WORDS[leg.state]}`
    }),
    ...(openMinor !== 0 && sale.paidAt === undefined ? [`  open  ${amountOf(openMinor, currency)}`] : []),
    ...(paper.state === 'none' ? [] : [`  ${PAPER_WORDS[paper.state]}`]),
  ]
}
