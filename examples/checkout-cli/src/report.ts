// How a run ended: one JSON object for machines, and whether money, card and paper ended where they should have.
import type { BookEntry } from '@cashdesk/hardware-sim'
import type { ErrorReport, Recovered, SaleView, TaskView } from '@cashdesk/sdk'
import type { Accident } from './accidents.ts'
import type { Receipt } from './counter.ts'
import type { CardState } from './host.ts'

/** The line that `--json` ends with. Amounts in minor units. */
export interface Report {
  readonly sale: {
    readonly id: string
    readonly state: SaleView['state']
    readonly totalMinor: number
    readonly currency: string
  }
  /** What was sold. */
  readonly lines: readonly {
    readonly text: string
    readonly quantity: number
    readonly totalMinor: number
    readonly gtin?: string
  }[]
  readonly payments: readonly {
    readonly kind: string
    readonly state: string
    readonly amountMinor: number
    readonly givenMinor?: number
    readonly changeMinor?: number
  }[]
  readonly claims: readonly { readonly plugin: string; readonly serial?: string; readonly state: string }[]
  /** Null where no paper came out. */
  readonly receipt: { readonly png: string | null; readonly text: string | null }
  readonly host: { readonly card: CardState; readonly serial: string }
  readonly recovered: readonly Recovered[]
  readonly tasks: readonly TaskView[]
  readonly journal: { readonly dir: string; readonly records: number }
  /** The terminal's own books, of this run alone. */
  readonly terminal: {
    readonly chargedMinor: number
    readonly entries: readonly Pick<BookEntry, 'kind' | 'state' | 'why' | 'amountMinor' | 'trace'>[]
  }
  /** What was not sold, and why. */
  readonly refused: readonly { readonly text: string; readonly error?: ErrorReport }[]
  readonly accident: string | null
  /** The register was killed, and has not been started again. */
  readonly killed: boolean
}

/** What a report is made from. */
export interface Witnesses {
  readonly view: SaleView
  readonly serial: string
  readonly receipt: Receipt | undefined
  readonly card: CardState
  readonly recovered: readonly Recovered[]
  readonly tasks: readonly TaskView[]
  readonly journal: Report['journal']
  readonly books: readonly BookEntry[]
  readonly accident: Accident | undefined
  readonly killed: boolean
}

export function reportOn(witnesses: Witnesses): Report {
  const { view, serial, receipt, card, recovered, tasks, journal, books, accident, killed } = witnesses
  return {
    sale: { id: view.id, state: view.state, totalMinor: view.totals.totalMinor, currency: view.currency },
    lines: view.lines
      .filter(line => line.state === 'active')
      .map(({ article, quantity, grossMinor }) => ({
        text: article.name,
        quantity,
        totalMinor: grossMinor,
        ...(article.gtin === undefined ? {} : { gtin: article.gtin }),
      })),
    payments: view.payments.map(({ by, state, amountMinor, givenMinor, changeMinor }) => ({
      kind: by,
      state,
      amountMinor,
      ...(givenMinor === undefined ? {} : { givenMinor }),
      ...(changeMinor === undefined ? {} : { changeMinor }),
    })),
    claims: view.claims.map(claim => ({
      plugin: claim.plugin,
      ...(claim.serial === undefined ? {} : { serial: claim.serial }),
      state: claim.state,
    })),
    receipt: { png: receipt?.png ?? null, text: receipt?.text ?? null },
    host: { card, serial },
    recovered,
    tasks,
    journal,
    terminal: {
      chargedMinor: chargedBy(books),
      entries: books.map(({ kind, state, why, amountMinor, trace }) => ({
        kind,
        state,
        why,
        amountMinor,
        trace,
      })),
    },
    refused: view.lines
      .filter(line => line.state === 'refused')
      .map(({ article, error }) => ({ text: article.name, ...(error ? { error } : {}) })),
    accident: accident?.name ?? null,
    killed,
  }
}

/** What the terminal took from the customer, whatever the till believes. */
function chargedBy(books: readonly BookEntry[]): number {
  return books
    .filter(({ state }) => state === 'booked')
    .reduce((sum, { kind, amountMinor }) => sum + (kind === 'payment' ? amountMinor : -amountMinor), 0)
}

/** What did not end as it should have, in words; nothing when all is well. */
export function problemsOf(report: Report, accident: Accident | undefined): readonly string[] {
  const wrong: string[] = []
  const should = (what: string, holds: boolean): void => void (holds || wrong.push(what))
  const done = report.payments.filter(({ state }) => state === 'done')
  const sum = (amounts: readonly { readonly amountMinor: number }[]): number =>
    amounts.reduce((total, { amountMinor }) => total + amountMinor, 0)
  const [claim] = report.claims
  const byCard = sum(done.filter(({ kind }) => kind === 'card'))
  should('the terminal charged what the till counts as paid by card', report.terminal.chargedMinor === byCard)
  should('no task is open', report.tasks.length === 0)
  should(
    'no sale of an earlier run is left unfinished',
    report.recovered.every(({ state }) => ENDED.has(state)),
  )
  if (report.killed) {
    const state = accident?.killedAt === 'paid' ? 'settling' : 'tendering'
    should(`the sale was ${state} when the register was killed`, report.sale.state === state)
    should('the card is not active', report.host.card !== 'active')
    return wrong
  }
  should('the sale is closed', report.sale.state === 'closed')
  should('it is paid in full', sum(done) === report.sale.totalMinor)
  switch (accident?.card ?? 'sold') {
    case 'sold':
      should('the till has committed the card', claim?.state === 'committed')
      should('the host says that the card is active', report.host.card === 'active')
      break
    case 'follows':
      should('the activation waits in the outbox', claim?.state === 'committing' || claim?.state === 'due')
      should(
        'the receipt says that activation follows',
        /activation follows/i.test(report.receipt.text ?? ''),
      )
      should('the card is not active yet', report.host.card === 'reserved')
      break
    case 'not sold':
      should('the card is not on the sale', report.lines.length === 2 && claim?.state !== 'committed')
  }
  should('there is a receipt', report.receipt.png !== null)
  return wrong
}

const ENDED: ReadonlySet<string> = new Set(['closed', 'cancelled'])
