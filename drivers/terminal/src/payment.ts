// Reports of one payment beside each other: what was ordered, and whether two of them speak of the same one. Pure.
import type { PaymentFacts } from '@cashdesk/kernel'
import type { Command } from './commands.ts'
import { isDisputed } from './foreign.ts'
import type { StatusReport } from './status.ts'

/** What the terminal left out is as ordered. */
export function paymentFacts(report: StatusReport, command: Command): PaymentFacts {
  const { amountMinor = 0, currency = '' } = command.order ?? {}
  return { amountMinor, currency, ...report.facts }
}

export function isOrdered(facts: PaymentFacts, { order }: Command): boolean {
  return facts.amountMinor === order?.amountMinor && facts.currency === order.currency
}

/** Numbers that name one transaction. A receipt number alone wraps after 9999; all that are known must agree. */
const IDENTITY = ['trace', 'receipt', 'turnover'] as const

/** Do both reports speak of one payment? Amounts must be equal, and every number that both have. */
export function isSamePayment(one: PaymentFacts, other: PaymentFacts): boolean {
  if (one.amountMinor !== other.amountMinor || one.currency !== other.currency) return false
  return IDENTITY.every(key => one[key] === undefined || other[key] === undefined || one[key] === other[key])
}

/** Why an approval is not one of the order; undefined if it is. */
export type Misfit = 'currency' | 'amount' | 'tip' | 'reversal'

/** An amount that nobody ordered is not acknowledged, whoever would take it: the terminal reverses it. */
export function misfitOf(
  { amountMinor, currency, tipMinor = 0 }: PaymentFacts,
  { base, originalTrace }: StatusReport,
  { name, order, accepts, reverses }: Command,
): Misfit | undefined {
  if (isOfAnother(originalTrace, name, reverses)) return 'reversal'
  if (currency !== order?.currency) return 'currency'
  if (isDisputed(base, { amountMinor, currency }, order.currency)) return 'currency'
  if (accepts.has('any')) return amountMinor > 0 ? undefined : 'amount'
  const isPayment = name === 'authorisation'
  // A tip is inside the amount, told as one, and on nothing but a payment.
  const tip = isPayment ? tipMinor : 0
  if (tip > 0 && !accepts.has('tip')) return 'tip'
  const goods = amountMinor - tip
  if (goods === order.amountMinor) return undefined
  return goods > 0 && goods < order.amountMinor && accepts.has('part') ? undefined : 'amount'
}

/** Only a reversal names what it reverses (BMP 37), and then it is what was ordered. */
function isOfAnother(originalTrace = '', name: Command['name'], reverses: string | undefined): boolean {
  const number = Number(originalTrace)
  if (number === 0) return false
  if (name === 'authorisation') return true
  return name === 'reversal' && reverses !== undefined && Number(reverses) !== number
}
