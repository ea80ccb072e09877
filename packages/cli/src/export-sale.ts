// A sale as bookkeeping sees it: amounts in minor units, what was sold, what it was paid with, the tax inside, and what
// persons decided about it. No secret is ever in a journal, so none is here.
import { totalsOf } from '@cashdesk/checkout'
import { type EpochMs, type Event, type Facts, type Sale, type VatLine, vatOf } from '@cashdesk/kernel'

/** One line of `export --format jsonl`. Times in ms since the epoch, amounts in minor units of `currency`. */
export interface SoldSale {
  readonly sale: string
  readonly lane: string
  readonly kind: Sale['kind']
  readonly state: Sale['state']
  /** On voids and returns: the sale whose lines come back. */
  readonly original?: string
  readonly training: boolean
  readonly operator?: string
  readonly shift?: string
  readonly currency: string
  /** When it was paid; where it was not, when it ended; else when it was opened. `--since` and `--until` go by it. */
  readonly at: EpochMs
  readonly openedAt: EpochMs
  readonly paidAt?: EpochMs
  readonly endedAt?: EpochMs
  readonly totalMinor: number
  readonly roundingMinor: number
  readonly tipMinor: number
  readonly reference?: string
  readonly lines: readonly {
    readonly line: string
    readonly name: string
    readonly gtin?: string
    readonly group?: string
    readonly quantity: number
    readonly priceMinor: number
    readonly grossMinor: number
    /** Hundredths of a percent; null for multi-purpose vouchers. */
    readonly vat: number | null
    readonly state: string
    readonly of?: string
  }[]
  readonly adjustments: readonly { readonly label: string; readonly amountMinor: number }[]
  readonly payments: readonly {
    readonly payment: string
    readonly by: string
    readonly state: string
    readonly amountMinor: number
    readonly givenMinor?: number
    readonly changeMinor?: number
    readonly tipMinor?: number
    readonly card?: string
    readonly trace?: string
    readonly reference?: string
  }[]
  readonly claims: readonly {
    readonly plugin: string
    readonly on: string
    readonly line?: string
    readonly state: string
    readonly subject: Facts
    readonly facts: Facts
  }[]
  /** Of active lines, per rate. */
  readonly vat: readonly VatLine[]
  readonly tasks: readonly {
    readonly task: string
    readonly kind: string
    readonly amountMinor?: number
    readonly since: EpochMs
    readonly action?: string
    readonly operator?: string
    readonly reason?: string
    readonly resolvedAt?: EpochMs
  }[]
}

export function soldSale(sale: Sale, lane: string, taskEvents: readonly Event[]): SoldSale {
  const { totalMinor, roundingMinor, tipMinor } = totalsOf(sale)
  const { id, kind, state, original, training, operator, shift, currency, reference } = sale
  const { openedAt, paidAt, endedAt } = sale
  const counted = sale.lines.filter(line => line.state === 'active')
  return {
    sale: id,
    lane,
    kind,
    state,
    ...defined({ original }),
    training,
    ...defined({ operator, shift }),
    currency,
    at: paidAt ?? endedAt ?? openedAt,
    openedAt,
    ...defined({ paidAt, endedAt }),
    totalMinor,
    roundingMinor,
    tipMinor,
    ...defined({ reference }),
    lines: sale.lines.map(lineOf),
    adjustments: sale.claims
      .filter(claim => claim.on === 'basket')
      .flatMap(claim => claim.adjustments ?? [])
      .map(({ label, amountMinor }) => ({ label, amountMinor })),
    payments: sale.legs.map(paymentOf),
    claims: sale.claims.map(({ plugin, on, line, state: claim, subject, facts }) => ({
      plugin,
      on,
      ...defined({ line }),
      state: claim,
      subject,
      facts,
    })),
    vat: vatOf(counted.map(({ grossMinor, article }) => ({ grossMinor, rate: article.vat }))),
    tasks: tasksIn(taskEvents),
  }
}

function lineOf({
  id,
  article,
  quantity,
  grossMinor,
  state,
  of,
}: Sale['lines'][number]): SoldSale['lines'][number] {
  const { name, gtin, group, priceMinor, vat } = article
  return {
    line: id,
    name,
    ...defined({ gtin, group }),
    quantity,
    priceMinor,
    grossMinor,
    vat,
    state,
    ...defined({ of }),
  }
}

function paymentOf(leg: Sale['legs'][number]): SoldSale['payments'][number] {
  const { id, by, state, amountMinor, givenMinor, changeMinor, tipMinor, reference, facts } = leg
  return {
    payment: id,
    by,
    state,
    amountMinor,
    ...defined({ givenMinor, changeMinor, tipMinor, card: facts?.maskedPan, trace: facts?.trace, reference }),
  }
}

function tasksIn(events: readonly Event[]): SoldSale['tasks'] {
  const resolved = new Map(
    events.flatMap(event => (event.type === 'task.resolved' ? [[event.task, event]] : [])),
  )
  return events.flatMap(event => {
    if (event.type !== 'task.opened') return []
    const { id, kind, amountMinor, since } = event.task
    const end = resolved.get(id)
    const { action, operator, reason, at: resolvedAt } = end ?? {}
    return [{ task: id, kind, since, ...defined({ amountMinor, action, operator, reason, resolvedAt }) }]
  })
}

type Defined<Given> = { readonly [key in keyof Given]?: NonNullable<Given[key]> }

/** What is there of `given`. */
function defined<Given extends object>(given: Given): Defined<Given> {
  const found: { [key in keyof Given]?: NonNullable<Given[key]> } = {}
  for (const key of Object.keys(given) as (keyof Given)[]) {
    const value = given[key]
    if (value !== undefined && value !== null) found[key] = value
  }
  return found
}
