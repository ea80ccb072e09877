// Reports of one payment beside each other: what was ordered, and whether two of them speak of the same one. Pure.
import type { PaymentFacts } from '@cashdesk/kernel'
import type { Command } from './commands.ts'
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
