// What must hold when the world has healed and everything has ended: I1 to I4, I6, I7 by purse, bags, books and paper.
import type { Oracle } from './oracle.ts'
import { saidActive, wrongPapers } from './paper.ts'
import { ELSEWHERE } from './providers.ts'
import type { Customer } from './purse.ts'
import type { World } from './world.ts'

export function finalChecks(world: World, oracle: Oracle): void {
  ended(world, oracle)
  for (const customer of oracle.customers) {
    purse(world, oracle, customer)
    bag(world, customer)
    coupons(world, customer)
  }
  strangers(world, oracle)
  leftBehind(world)
  paper(world, oracle)
}

/** I6. */
function ended(world: World, oracle: Oracle): void {
  for (const { id, state } of oracle.seen.values())
    if (state !== 'closed' && state !== 'cancelled') world.violated('I6', `${id} is still ${state}`)
  for (const { kind, sale } of world.till.tasks())
    world.violated('I6', `the task ${kind} of ${sale} stays open`)
}

/** I8 and I4: the customer has paid what is in the bag, and not a cent more or less. */
function purse(world: World, oracle: Oracle, customer: Customer): void {
  const refunded = [...customer.bag.values()]
    .filter(({ serial }) => serial !== undefined && customer.refunded.has(serial))
    .reduce((sum, { priceMinor }) => sum + priceMinor, 0)
  const owed = customer.bagMinor - refunded - customer.discountMinor + customer.roundingMinor
  const paid = oracle.paidMinor(customer)
  if (paid !== owed)
    world.violated(
      'I8',
      `the customer of ${customer.sale} paid ${paid} (cash ${customer.cashMinor}, card ${world.cardMinor(customer)}, ` +
        `register ${customer.registerMinor}, by hand ${customer.handMinor}) for ${owed}`,
    )
  if (customer.offers.size > 0)
    world.violated('I6', `cash of ${customer.sale} still lies on the counter: ${[...customer.offers.keys()]}`)
}

/** I2: what is in the bag works. */
function bag(world: World, customer: Customer): void {
  for (const { serial, line } of customer.bag.values()) {
    if (serial === undefined) continue
    const card = world.host.store.books.cards.get(serial)
    const ours = card?.state === 'active' && world.activatedBy(serial) !== ELSEWHERE
    if (!ours && !customer.refunded.has(serial))
      world.violated('I2', `${customer.sale} paid for ${line}, and card ${serial} is ${card?.state}`)
    if (ours && customer.refunded.has(serial))
      world.violated('I1', `${customer.sale} got the money for ${serial} back, and it is active`)
  }
}

/** I4: a coupon is redeemed for whoever got its discount, once. */
function coupons(world: World, customer: Customer): void {
  const redeemed = [...world.coupons.redeemed.values()].filter(({ sale }) => customer.sales.has(sale))
  if (redeemed.length > customer.coupons.size)
    world.violated('I4', `${redeemed.length} coupons of the customer of ${customer.sale} are redeemed`)
}

/** I1: no card is active that nobody carries home. */
function strangers(world: World, oracle: Oracle): void {
  const bags = new Set(oracle.customers.flatMap(({ bag }) => [...bag.values()].map(({ serial }) => serial)))
  for (const { serial, state } of world.host.store.books.cards.values())
    if (state === 'active' && world.activatedBy(serial) !== ELSEWHERE && !bags.has(serial))
      world.violated('I1', `card ${serial} is active, and nobody has bought it`)
}

/** I3: nothing is held any more. */
function leftBehind(world: World): void {
  for (const { kind, state, serial, owner } of world.host.store.books.operations.values())
    if (kind === 'reserve' && state === 'reserved' && owner !== ELSEWHERE)
      world.violated('I3', `card ${serial} is still reserved`)
  for (const { code } of world.coupons.held.values()) world.violated('I3', `coupon ${code} is still held`)
  for (const { card, amountMinor } of world.bank.holds.values())
    world.violated('I3', `${amountMinor} are still held on ${card}`)
}

/** I7: at most one paper of a sale is an original, and what it says about money and cards is true. */
function paper(world: World, oracle: Oracle): void {
  const papers = world.papers()
  for (const { id, totals, state, paper } of oracle.seen.values()) {
    if (state !== 'closed') continue
    const isPrinted = paper.state === 'printed'
    for (const wrong of wrongPapers(id, totals.totalMinor, isPrinted, papers)) world.violated('I7', wrong)
  }
  const ever = new Set(
    world.host.store.books.history.filter(({ event }) => event === 'activated').map(({ serial }) => serial),
  )
  for (const serial of saidActive(papers))
    if (!ever.has(serial)) world.violated('I7', `the paper says that ${serial} is active, and it never was`)
}
