// A sale as the register sees it: one plain JSON snapshot, complete enough to draw the screen from it.

import { type Lane, totalsOf } from '@cashdesk/checkout'
import type { Article, ErrorReport, Facts, Sale, Task, TerminalPrintLine } from '@cashdesk/kernel'
import { standingOf, wordsOf } from './context.ts'

export interface LineView {
  readonly id: string
  readonly article: Article
  readonly quantity: number
  readonly grossMinor: number
  readonly state: 'active' | 'voided' | 'refused'
  readonly error?: ErrorReport
}

export interface ClaimView {
  readonly id: string
  readonly plugin: string
  readonly line?: string
  readonly serial?: string
  readonly subject: Facts
  readonly facts: Facts
  readonly state: string
  /** For a screen or the paper: "active", "activation follows" … */
  readonly text: string
  readonly error?: ErrorReport
}

export interface PaymentView {
  readonly id: string
  readonly by: string
  readonly state: string
  readonly askedMinor: number
  readonly amountMinor: number
  readonly givenMinor?: number
  readonly changeMinor?: number
  readonly tipMinor?: number
  /** Masked card number, trace, slip number …, as the terminal reported them. */
  readonly facts?: Facts
  readonly reference?: string
  /** The terminal's own receipts about it, line by line: the customer's is on the till's receipt as well. */
  readonly slip?: readonly TerminalPrintLine[]
  readonly error?: ErrorReport
}

export interface PromptView {
  readonly id: string
  readonly kind: string
  readonly text: string
  readonly line?: string
}

export interface TotalsView {
  readonly linesMinor: number
  readonly adjustmentsMinor: number
  readonly tipMinor: number
  readonly roundingMinor: number
  readonly totalMinor: number
  readonly paidMinor: number
  readonly changeMinor: number
  readonly openMinor: number
}

export interface SaleView {
  readonly id: string
  readonly kind: 'sale' | 'void' | 'return'
  readonly owner: 'till' | 'register'
  readonly state: Sale['state']
  readonly currency: string
  readonly revision: number
  readonly training: boolean
  readonly operator?: string
  readonly shift?: string
  readonly original?: string
  /** Tendering, and every reservation stands: money may be taken. */
  readonly ready: boolean
  /** What the sale waits for before it goes on by itself. */
  readonly waitsFor: readonly ('prompt' | 'provider' | 'terminal' | 'printer')[]
  readonly lines: readonly LineView[]
  readonly claims: readonly ClaimView[]
  readonly payments: readonly PaymentView[]
  readonly prompts: readonly PromptView[]
  readonly totals: TotalsView
  readonly paper: { readonly state: string; readonly error?: ErrorReport }
  readonly tasks: readonly TaskView[]
}

export interface TaskView {
  readonly id: string
  readonly kind: Task['kind']
  readonly sale?: string
  readonly amountMinor?: number
  readonly since: number
  readonly error: ErrorReport
  readonly actions: readonly string[]
}

const WAITING_CLAIMS: ReadonlySet<string> = new Set([
  'quoting',
  'reserving',
  'renewing',
  'voiding',
  'committing',
  'due',
])
const WAITING_LEGS: ReadonlySet<string> = new Set(['sent', 'approved', 'unknown', 'reversing'])

/** What a view is made from. Sales and tasks are immutable values, so holding them holds the moment. */
export interface Moment {
  readonly sale: Sale
  readonly tasks: readonly Task[]
}

export function momentOf(lane: Lane, sale: Sale): Moment {
  const tasks = lane.tasks.size === 0 ? [] : [...lane.tasks.values()].filter(task => task.sale === sale.id)
  return { sale, tasks }
}

export function viewOf({ sale, tasks }: Moment): SaleView {
  const waitsFor: SaleView['waitsFor'][number][] = []
  if (sale.prompts.length > 0) waitsFor.push('prompt')
  if (sale.claims.some(claim => WAITING_CLAIMS.has(claim.state))) waitsFor.push('provider')
  if (sale.legs.some(leg => leg.kind === 'terminal' && WAITING_LEGS.has(leg.state))) waitsFor.push('terminal')
  if (sale.paper.state === 'printing') waitsFor.push('printer')
  const { paper } = sale
  return {
    id: sale.id,
    kind: sale.kind,
    owner: sale.owner,
    state: sale.state,
    currency: sale.currency,
    revision: sale.revision,
    training: sale.training,
    ...optional('operator', sale.operator),
    ...optional('shift', sale.shift),
    ...optional('original', sale.original),
    ready: sale.state === 'tendering' && sale.frozen?.ready === true,
    waitsFor,
    lines: sale.lines.map(({ id, article, quantity, grossMinor, state, error }) => ({
      id,
      article,
      quantity,
      grossMinor,
      state,
      ...optional('error', error),
    })),
    claims: sale.claims.map(claim => claimView(sale, claim)),
    payments: sale.legs.map(leg => paymentView(leg)),
    prompts: sale.prompts.map(prompt => ({
      id: prompt.id,
      kind: prompt.kind,
      text: prompt.text,
      ...optional('line', sale.claims.find(claim => claim.id === prompt.claim)?.line),
    })),
    totals: { ...totalsOf(sale) },
    paper: { state: paper.state, ...optional('error', paper.error) },
    tasks: tasks.map(taskView),
  }
}

function claimView(sale: Sale, claim: Sale['claims'][number]): ClaimView {
  const standing = standingOf(claim)
  const serial = claim.subject['serial']
  return {
    id: claim.id,
    plugin: claim.plugin,
    ...optional('line', claim.line),
    ...(typeof serial === 'string' ? { serial } : {}),
    subject: claim.subject,
    facts: claim.facts,
    state: claim.state,
    text: standing ? wordsOf(sale, claim, standing) : claim.state,
    ...optional('error', claim.error),
  }
}

function paymentView(leg: Sale['legs'][number]): PaymentView {
  const facts = leg.facts ?? leg.approved
  return {
    id: leg.id,
    by: leg.by,
    state: leg.state,
    askedMinor: leg.askedMinor,
    amountMinor: leg.amountMinor,
    ...optional('givenMinor', leg.givenMinor),
    ...optional('changeMinor', leg.changeMinor),
    ...optional('tipMinor', leg.tipMinor),
    ...(facts ? { facts: { ...facts } } : {}),
    ...optional('reference', leg.reference),
    ...optional('slip', leg.slip),
    ...optional('error', leg.error),
  }
}

export function taskView(task: Task): TaskView {
  return {
    id: task.id,
    kind: task.kind,
    ...optional('sale', task.sale),
    ...optional('amountMinor', task.amountMinor),
    since: task.since,
    error: task.error,
    actions: task.actions,
  }
}

function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [name in Key]?: Value } {
  // Computed keys widen to an index signature; the key is exactly `Key`.
  return value === undefined ? {} : ({ [key]: value } as { readonly [name in Key]?: Value })
}
