// Every invariant can fail: the books of a good day are changed behind everybody's back, and the oracle must see it.
import { DEFAULT_POLICY, decide, keysOf } from '@cashdesk/host'
import type { SaleView } from '@cashdesk/sdk'
import { describe, expect, it } from 'vitest'
import { totalsAddUp } from './arithmetic.ts'
import { type Ending, playDay } from './day.ts'
import { goneBack } from './memory.ts'
import type { Oracle } from './oracle.ts'
import { saidActive, wrongPapers } from './paper.ts'
import type { Customer } from './purse.ts'

/** A day in which nothing happens, with something done to it at the end. */
async function spoilt(atTheEnd: Ending): Promise<readonly string[]> {
  const { violations } = await playDay(1, { off: new Set(['*']), atTheEnd })
  return violations.map(({ invariant, message }) => `${invariant} ${message}`)
}

const OURS = 'lane-1/1'
/** Nobody buys this one on that day. */
const UNSOLD = { owner: OURS, serial: 'S1058', prodid: 'P25' } as const

describe('the oracle', () => {
  it('has nothing to say about a good day', async () => {
    expect(await spoilt(() => undefined)).toEqual([])
  })

  it('I1: sees a card that is active and that nobody bought', async () => {
    const found = await spoilt(async ({ world }) => {
      const request = { action: 'activate', id: 'stray', payload: '', ...UNSOLD } as const
      await world.host.store.transact(keysOf(request), books =>
        decide(books, request, world.hostNow(), DEFAULT_POLICY),
      )
    })
    expect(found).toEqual([expect.stringMatching(/^I1 .*S1058/)])
  })

  it('I1: sees a card become active before it is paid', async () => {
    const found = await spoilt(({ world, oracle }) => {
      const customer = oracle.customers.find(each => [...each.bag.values()].some(({ serial }) => serial))
      const serial = [...(customer?.serials ?? [])][0] ?? ''
      customer?.cash.set('stolen', -100_000)
      world.cardHeard({ event: 'activated', serial, operation: 'x', by: OURS })
      customer?.cash.delete('stolen')
    })
    expect(found).toEqual(
      [expect.stringMatching(/^I1 .* became active with -\d+ of/), expect.stringMatching(/^I7/)].slice(
        0,
        found.length,
      ),
    )
    expect(found.length).toBeGreaterThan(0)
  })

  it('I2: sees a card that was paid and is not active', async () => {
    const found = await spoilt(async ({ world, oracle }) => {
      const serial = [...oracle.customers.flatMap(({ bag }) => [...bag.values()])].find(
        each => each.serial,
      )?.serial
      const operation = [...world.host.store.books.operations.values()].find(
        each => each.kind === 'activate' && each.serial === serial,
      )
      const request = {
        action: 'void',
        id: 'stray',
        payload: '',
        owner: OURS,
        serial: serial ?? '',
        named: operation?.id ?? '',
      } as const
      await world.host.store.transact(keysOf(request), books =>
        decide(books, request, world.hostNow(), DEFAULT_POLICY),
      )
    })
    expect(found).toEqual([expect.stringMatching(/^I2 .* is voided/)])
  })

  it('I3: sees what is still held at every provider', async () => {
    const found = await spoilt(async ({ world }) => {
      const request = { action: 'reserve', id: 'stray', payload: '', ...UNSOLD } as const
      await world.host.store.transact(keysOf(request), books =>
        decide(books, request, world.hostNow(), DEFAULT_POLICY),
      )
      world.coupons.held.set('stray', { code: '10OFF-1', sale: 'sale-1', discountMinor: 1 })
      world.bank.holds.set('stray', { card: 'purse-sale-1', amountMinor: 1 })
    })
    expect(found.map(each => each.slice(0, 2))).toEqual(['I3', 'I3', 'I3'])
  })

  it('I4, I8: sees a customer who paid twice, and one who paid nothing', async () => {
    const twice = await spoilt(({ world, oracle }) => {
      const [customer] = oracle.customers
      if (customer) world.bank.captures.push({ card: customer.purse, amountMinor: 100 })
    })
    expect(twice).toEqual([expect.stringMatching(/^I8 the customer of sale-1 paid \d+/)])
    const nothing = await spoilt(({ oracle }) => {
      for (const customer of oracle.customers) {
        customer.cash.clear()
        customer.registerMinor = 0
      }
    })
    expect(nothing.some(each => each.startsWith('I8'))).toBe(true)
  })

  it('I8: sees a return that gives back another amount than was paid', async () => {
    for (const [given, message] of [
      [1, /^I8 strange: 1 goes back for .*, and \d+ was paid for it/],
      [undefined, undefined],
    ] as const) {
      const found = await spoilt(({ oracle }) => {
        const { customer, view } = withoutCoupon(oracle)
        const line = view.lines.find(({ state }) => state === 'active')
        if (!line) throw new Error('no line')
        customer.sales.add('strange')
        oracle.takesBack('strange', 'back', line.id)
        const amount = -(given ?? line.grossMinor)
        oracle.saw(asPaid(view, 'return', [{ ...line, id: 'back', grossMinor: amount }], 0))
      })
      expect(found.filter(each => / goes back for /.test(each))).toEqual(
        message === undefined ? [] : [expect.stringMatching(message)],
      )
    }
  })

  it('I8: sees a discount where nobody had a coupon', async () => {
    const found = await spoilt(({ oracle }) => {
      const { customer, view } = withoutCoupon(oracle)
      customer.sales.add('strange')
      oracle.saw(asPaid(view, 'sale', view.lines, -1))
    })
    expect(found).toContainEqual('I8 strange is 1 cheaper, and its customer has no coupon')
  })

  it('I4: sees a coupon that is redeemed and that nobody had', async () => {
    const found = await spoilt(({ world, oracle }) => {
      const [customer] = oracle.customers
      customer?.coupons.clear()
      for (const code of ['10OFF-1', '10OFF-2'])
        world.coupons.redeemed.set(code, { code, sale: 'sale-1', discountMinor: 1 })
    })
    expect(found).toContainEqual(expect.stringMatching(/^I4 2 coupons/))
  })

  it('I6: sees a sale that does not end', async () => {
    const found = await spoilt(({ oracle }) => {
      const [view] = oracle.seen.values()
      if (view) oracle.saw({ ...view, id: 'stray', state: 'tendering' })
    })
    expect(found).toEqual([expect.stringMatching(/^I6 stray is still tendering/)])
  })

  it('I5: sees records that were acknowledged and are gone', async () => {
    const found = await spoilt(({ world, oracle }) => {
      oracle.acknowledged(1e6)
      oracle.reopened(world.till)
    })
    expect(found).toEqual([expect.stringMatching(/^I5 1000000 records/)])
  })
})

function withoutCoupon({ customers, seen }: Oracle): {
  readonly customer: Customer
  readonly view: SaleView
} {
  for (const customer of customers) {
    const view = seen.get(customer.sale)
    const isFit = customer.coupons.size === 0 && customer.owner === 'till' && customer.bag.size > 0
    if (isFit && view?.state === 'closed') return { customer, view }
  }
  throw new Error('no such customer')
}

/** A view whose sums are right, and which was paid in cash. */
function asPaid(
  view: SaleView,
  kind: SaleView['kind'],
  lines: SaleView['lines'],
  adjustmentsMinor: number,
): SaleView {
  const linesMinor = lines
    .filter(({ state }) => state === 'active')
    .reduce((sum, each) => sum + each.grossMinor, 0)
  const totalMinor = linesMinor + adjustmentsMinor
  const totals = { ...view.totals, linesMinor, adjustmentsMinor, tipMinor: 0, roundingMinor: 0, totalMinor }
  return {
    ...view,
    id: 'strange',
    kind,
    lines,
    claims: [],
    payments: [],
    totals: { ...totals, paidMinor: 0, openMinor: totalMinor },
  }
}

async function someView(): Promise<SaleView> {
  let found: SaleView | undefined
  await playDay(1, {
    off: new Set(['*']),
    atTheEnd: ({ oracle }) => {
      found = [...oracle.seen.values()].find(
        view => view.state === 'closed' && view.payments.length > 0 && view.lines.length > 1,
      )
    },
  })
  if (!found) throw new Error('no such sale')
  return found
}

describe('what was shown', () => {
  it('I5: is missed when a line, a payment, a state or a paper goes back', async () => {
    const view = await someView()
    expect(goneBack(view, view)).toEqual([])
    const later: readonly Partial<SaleView>[] = [
      { lines: view.lines.slice(1) },
      { payments: [] },
      { payments: view.payments.map(payment => ({ ...payment, state: 'sent' })) },
      { payments: view.payments.map(payment => ({ ...payment, amountMinor: 1 })) },
      { state: 'tendering' },
      { revision: view.revision - 1 },
      { paper: { state: 'none' } },
      { claims: view.claims.slice(1) },
    ]
    for (const change of later) {
      const before = { ...view, owner: 'till' as const, claims: [...view.claims, ...CLAIM] }
      expect(goneBack(before, { ...before, ...change }), JSON.stringify(change)).not.toEqual([])
    }
  })

  it('I8: is added up once more', async () => {
    const view = await someView()
    expect(totalsAddUp(view, false)).toEqual([])
    const { totals } = view
    for (const change of [
      { totalMinor: totals.totalMinor + 1 },
      { paidMinor: totals.paidMinor - 1 },
      { openMinor: 1 },
      { linesMinor: 0.5 },
      { roundingMinor: 1, totalMinor: totals.totalMinor + 1, openMinor: totals.openMinor + 1 },
    ])
      expect(totalsAddUp({ ...view, totals: { ...totals, ...change } }, false)).not.toEqual([])
    const cheap = view.lines.map(line => ({ ...line, grossMinor: 1 }))
    expect(totalsAddUp({ ...view, lines: cheap }, false)).not.toEqual([])
  })
})

const CLAIM = [
  { id: 'c', plugin: 'activation', subject: {}, facts: {}, state: 'committed', text: '' },
] as const

describe('the paper', () => {
  const receipt = (total: string, more = ''): string =>
    `The Shop\nTOTAL EUR    ${total}\n${more}\nReceipt sale-1\n`

  it('I7: is one original, and says what it cost', () => {
    expect(wrongPapers('sale-1', 1250, true, [receipt('12.50'), receipt('12.50', 'COPY')])).toEqual([])
    expect(wrongPapers('sale-1', 1250, true, [receipt('12.50'), receipt('12.50')])).toHaveLength(1)
    expect(wrongPapers('sale-1', 1251, true, [receipt('12.50')])).toHaveLength(1)
    expect(wrongPapers('sale-1', -1250, true, [receipt('-12.50')])).toEqual([])
    expect(wrongPapers('sale-2', 1, false, [receipt('12.50')])).toEqual([])
    expect(wrongPapers('sale-2', 1, true, [receipt('12.50')])).toHaveLength(1)
  })

  it('I7: is read receipt by receipt where one broke off before the cut, and a copy belongs to its head', () => {
    const broken = 'The Shop\nTOTAL EUR    9.99\n  girocard ****1234\n'
    expect(wrongPapers('sale-1', 1250, true, [broken + receipt('12.50')])).toEqual([])
    const copy = `*** COPY ***\n${receipt('12.50')}`
    expect(wrongPapers('sale-1', 1250, true, [receipt('12.50'), copy, broken + copy])).toEqual([])
  })

  it('I7: calls no card active by mistake', () => {
    expect([...saidActive(['Card S1001 active\nCard S1002 deactivated', 'Activation follows'])]).toEqual([
      'S1001',
    ])
  })
})
