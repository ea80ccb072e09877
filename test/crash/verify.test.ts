// The verifier must be able to say no: every promise is broken here once, and each time it says which.
import { describe, expect, it } from 'vitest'
import type { CardHistory, Evidence } from './evidence.ts'
import type { PurseEntry } from './protocol.ts'
import { verify } from './verify.ts'

const SALE = 'T1-a'
const CARD = '6034700000000001'
const OTHER = '6034700000000002'

type Saw<Name extends PurseEntry['saw']> = Extract<PurseEntry, { readonly saw: Name }>
type Shown = NonNullable<Saw<'shown'>['view']>
type Book = Evidence['books'][number]

const line = (id: string, priceMinor: number, serial?: string): PurseEntry => ({
  saw: 'line',
  sale: SALE,
  line: id,
  priceMinor,
  ...(serial === undefined ? {} : { serial }),
})
const given = (amountMinor: number, sale = SALE): PurseEntry => ({
  saw: 'cash-given',
  sale,
  payment: 'p',
  amountMinor,
})
const returned = (amountMinor: number, sale = SALE): PurseEntry => ({
  saw: 'cash-returned',
  sale,
  payment: 'p',
  amountMinor,
})
const paid = (by: string, amountMinor: number, payment = 'p'): PurseEntry => ({
  saw: 'payment',
  sale: SALE,
  payment,
  by,
  outcome: 'done',
  amountMinor,
})
const ended = (
  state: 'closed' | 'cancelled',
  kind: Saw<'ended'>['kind'] = 'sale',
  sale = SALE,
): PurseEntry => ({
  saw: 'ended',
  sale,
  state,
  kind,
})
const rest = (more: Partial<Saw<'rest'>> = {}): PurseEntry => ({
  saw: 'rest',
  tasks: [],
  unfinished: [],
  idle: true,
  ...more,
})
const card = (serial: string, state: string, ...events: readonly string[]): CardHistory => ({
  serial,
  state,
  history: events.map(event => ({ event, operation: 'o' })),
})
const sold = (serial: string): CardHistory => card(serial, 'active', 'reserved', 'activated')
const free = (serial: string): CardHistory => card(serial, 'free', 'reserved', 'released')
const receipt = (total: string, sale = SALE): string =>
  `Shop\nTOTAL EUR      ${total}\nCard ${CARD} active\nReceipt ${sale}\n`
// What the verifier reads of a booking; the rest is the terminal's own affair.
const booked = (amountMinor: number, state = 'booked', kind = 'payment'): Book =>
  ({ kind, state, amountMinor, trace: 1, settled: false }) as Book
const task = (kind: string): Saw<'rest'>['tasks'][number] =>
  ({
    id: 't',
    kind,
    since: 0,
    error: { code: 'claim.refund-due' },
    actions: [],
  }) as unknown as Saw<'rest'>['tasks'][number]
/** What a till shows of the sale after a crash. */
const shown = (view: object | null): PurseEntry => ({ saw: 'shown', sale: SALE, view: view as Shown | null })
const view = (
  state: string,
  payment = 'done',
  lines: readonly object[] = [active('1', 849), active('2', 2_000)],
): object => ({
  state,
  lines,
  payments: [{ id: 'p', state: payment }],
})
const active = (id: string, grossMinor: number, state = 'active'): object => ({ id, grossMinor, state })

/** Coffee and a card for 28.49, paid with 50.00, card active, one receipt. */
const PURSE: readonly PurseEntry[] = [
  line('1', 849),
  line('2', 2_000, CARD),
  given(5_000),
  paid('cash', 2_849),
  returned(2_151),
  ended('closed'),
  rest(),
]
const GOOD: Evidence = {
  scenario: 'cash',
  purse: PURSE,
  cards: [sold(CARD), card(OTHER, 'free')],
  books: [],
  paper: [receipt('28.49')],
}
const BY_CARD: Evidence = {
  ...GOOD,
  purse: [...PURSE.slice(0, 2), paid('card', 2_849), ended('closed'), rest()],
  books: [booked(2_849)],
}
const CANCELLED: Evidence = {
  ...GOOD,
  purse: [...PURSE.slice(0, 2), ended('cancelled'), rest()],
  cards: [free(CARD)],
  paper: [],
}
const TAKEN_BACK: Evidence = {
  ...GOOD,
  purse: [
    ...PURSE.slice(0, -1),
    { saw: 'line', sale: 'T1-v', line: '2', priceMinor: -2_000, serial: CARD },
    returned(2_000, 'T1-v'),
    ended('closed', 'return', 'T1-v'),
    rest(),
  ],
  cards: [card(CARD, 'voided', 'reserved', 'activated', 'voided')],
  paper: [receipt('28.49'), receipt('-20.00', 'T1-v')],
}

const broken = (evidence: Evidence, change: Partial<Evidence> = {}): readonly string[] => [
  ...new Set(verify({ ...evidence, ...change }).map(({ invariant }) => invariant)),
]
const said = (evidence: Evidence, change: Partial<Evidence> = {}): string =>
  verify({ ...evidence, ...change })
    .map(({ what }) => what)
    .join('\n')

describe('a trial in which every promise was kept', () => {
  it.each([
    ['paid in cash', GOOD],
    ['paid by card', BY_CARD],
    ['cancelled', CANCELLED],
    ['returned', TAKEN_BACK],
  ])('has no violation: %s', (_, evidence) => {
    expect(verify(evidence)).toEqual([])
  })
})

describe('cards', () => {
  it('I1: one that is active without a paid sale, and one that stays active after it was taken back', () => {
    expect(broken(CANCELLED, { cards: [sold(CARD)] })).toContain('I1')
    expect(broken(GOOD, { cards: [sold(CARD), sold(OTHER)] })).toContain('I1')
    expect(broken(TAKEN_BACK, { cards: [sold(CARD)] })).toContain('I1')
  })

  it('I2: one that is paid for and not active; a visible task may say why', () => {
    const cards = [card(CARD, 'free')]
    const paper: readonly string[] = [receipt('28.49').replace(/Card.*active/, 'Activation follows')]
    expect(broken(GOOD, { cards, paper })).toEqual(['I2'])
    const purse = [...PURSE.slice(0, -1), rest({ tasks: [task('refund-due')] })]
    expect(broken(GOOD, { cards, paper, purse })).toEqual(['I6'])
  })

  it('I3: one that is still reserved', () => {
    expect(broken(CANCELLED, { cards: [card(CARD, 'reserved', 'reserved')] })).toEqual(['I3'])
  })

  it('I4: one that was activated or voided twice', () => {
    expect(broken(GOOD, { cards: [card(CARD, 'active', 'activated', 'voided', 'activated')] })).toEqual([
      'I4',
    ])
    expect(broken(TAKEN_BACK, { cards: [card(CARD, 'voided', 'activated', 'voided', 'voided')] })).toEqual([
      'I4',
    ])
  })
})

describe('I5: what was acknowledged and is gone after the crash', () => {
  const seen = (entry: PurseEntry): Partial<Evidence> => ({ purse: [...PURSE.slice(0, -1), entry, rest()] })

  it('is missed as a sale, a line, a price, a payment or an end', () => {
    expect(broken(GOOD, seen(shown(null)))).toEqual(['I5'])
    expect(said(GOOD, seen(shown(view('closed', 'done', [active('1', 849)]))))).toContain('line 2')
    expect(said(GOOD, seen(shown(view('closed', 'done', [active('1', 1), active('2', 2_000)]))))).toContain(
      'price',
    )
    expect(said(GOOD, seen(shown(view('closed', 'unknown'))))).toContain('payment p was done')
    expect(said(GOOD, seen(shown(view('open'))))).toContain('was closed and is open')
    expect(broken(GOOD, seen(shown(view('closed'))))).toEqual([])
  })

  it('is missed as a voided line that came back', () => {
    const voided: PurseEntry = { saw: 'line-voided', sale: SALE, line: '2' }
    const purse = [
      line('1', 849),
      line('2', 2_000, CARD),
      voided,
      shown(view('open')),
      ...CANCELLED.purse.slice(2),
    ]
    expect(said(CANCELLED, { purse })).toContain('line 2 was voided')
  })

  it('is missed as an answer that changes', () => {
    const refused: PurseEntry = {
      saw: 'payment',
      sale: SALE,
      payment: 'p',
      by: 'cash',
      outcome: 'refused',
      amountMinor: 0,
    }
    expect(said(GOOD, { purse: [...PURSE, refused] })).toContain('in two ways')
  })

  it('does not miss what nobody acknowledged', () => {
    expect(
      verify({
        ...GOOD,
        purse: [given(5_000), shown(null), ...PURSE.filter(({ saw }) => saw !== 'cash-given')],
      }),
    ).toEqual([])
  })
})

describe('I6: what does not come to rest', () => {
  it('is no end, a full outbox, an unfinished sale, a task, a refusal that nothing forced', () => {
    expect(broken(GOOD, { purse: PURSE.slice(0, -1) })).toEqual(['I6'])
    for (const last of [
      rest({ idle: false }),
      rest({ unfinished: [SALE] }),
      rest({ tasks: [task('customer-owed')] }),
    ])
      expect(broken(GOOD, { purse: [...PURSE.slice(0, -1), last] })).toEqual(['I6'])
    const refused: PurseEntry = { saw: 'line-refused', sale: SALE, line: '9', code: 'claim.taken' }
    expect(broken(GOOD, { purse: [refused, ...PURSE] })).toEqual(['I6'])
  })

  it('is not the comparison of books that a lost end of the day leaves to a person', () => {
    const purse = [rest({ tasks: [task('books-differ')] })]
    expect(broken({ scenario: 'end-of-day', purse, cards: [], books: [], paper: [] })).toEqual([])
    expect(broken({ scenario: 'cash', purse, cards: [], books: [], paper: [] })).toEqual(['I6'])
  })
})

describe('I7: paper', () => {
  it('that is a second original; a marked copy is none', () => {
    expect(broken(GOOD, { paper: [receipt('28.49'), receipt('28.49')] })).toEqual(['I7'])
    expect(broken(GOOD, { paper: [receipt('28.49'), `*** COPY ***\n${receipt('28.49')}`] })).toEqual([])
  })

  it('that is missing, that names another sum, that was printed for nothing', () => {
    expect(said(GOOD, { paper: [] })).toContain('no receipt')
    expect(said(GOOD, { paper: [receipt('28.48')] })).toContain('28.48')
    expect(said(CANCELLED, { paper: [receipt('28.49')] })).toContain('not paid')
  })

  it('that calls a card active which never was', () => {
    expect(said(CANCELLED, { paper: [receipt('28.49')] })).toContain(`card ${CARD} is active`)
  })
})

describe('I8 and I4: money', () => {
  it('in cash that does not add up', () => {
    expect(broken(GOOD, { purse: PURSE.filter(({ saw }) => saw !== 'cash-returned') })).toEqual(['I8'])
    expect(broken(CANCELLED, { purse: [given(100), ...CANCELLED.purse] })).toEqual(['I8'])
    expect(broken(TAKEN_BACK, { purse: [...TAKEN_BACK.purse, returned(1, 'T1-v')] })).toEqual(['I8'])
  })

  it('at the terminal that the customer was not told of, or was told of wrongly', () => {
    expect(broken(BY_CARD, { books: [] })).toEqual(['I8'])
    expect(broken(BY_CARD, { books: [booked(2_849, 'reversed')] })).toEqual(['I8'])
    expect(broken(BY_CARD, { books: [booked(2_849), booked(100, 'authorised')] })).toEqual(['I8'])
    expect(broken(BY_CARD, { books: [booked(2_849), booked(100, 'booked', 'refund')] })).toEqual(['I8'])
  })

  it('that was charged twice', () => {
    expect(broken(BY_CARD, { books: [booked(2_849), booked(2_849)] })).toEqual(['I8', 'I4'])
  })

  it('of a sale that never ended', () => {
    expect(said(GOOD, { purse: PURSE.filter(({ saw }) => saw !== 'ended') })).toContain('never ended')
  })

  it('of a day that the terminal has not settled', () => {
    expect(said(BY_CARD, { scenario: 'end-of-day' })).toContain('not settled')
  })
})
