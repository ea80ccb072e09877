// I5: what was shown once stays. A sale goes on, it does not go back: compared are two views of one sale, the later with
// the earlier one.
import type { SaleView } from '@cashdesk/sdk'

const PAID: ReadonlySet<string> = new Set(['settling', 'closed'])

type Payment = SaleView['payments'][number]

/** Where a sale may be found later than seen in a state. A sale that the register owns may be cancelled, or paid, late. */
const LATER: { readonly [state in SaleView['state']]: readonly SaleView['state'][] } = {
  open: ['open', 'parked', 'tendering', 'settling', 'closed', 'cancelling', 'cancelled'],
  parked: ['open', 'parked', 'tendering', 'settling', 'closed', 'cancelling', 'cancelled'],
  tendering: ['open', 'parked', 'tendering', 'settling', 'closed', 'cancelling', 'cancelled'],
  settling: ['settling', 'closed'],
  closed: ['closed'],
  cancelling: ['cancelling', 'cancelled'],
  cancelled: ['cancelled'],
}

const LATER_PAYMENT: { readonly [state: string]: readonly string[] } = {
  approved: ['approved', 'done', 'refused', 'unknown', 'reversing', 'reversed', 'owed'],
  done: ['done', 'reversing', 'reversed', 'owed'],
  reversing: ['reversing', 'reversed', 'owed'],
  reversed: ['reversed'],
  refused: ['refused'],
  owed: ['owed', 'reversing', 'reversed'],
}

/** What of `before` is no longer there. */
export function goneBack(before: SaleView, now: SaleView): readonly string[] {
  const gone: string[] = []
  if (before.owner === 'till' && !LATER[before.state].includes(now.state))
    gone.push(`it was ${before.state} and is ${now.state}`)
  if (now.revision < before.revision) gone.push(`revision ${before.revision} became ${now.revision}`)
  for (const line of before.lines) {
    const later = now.lines.find(({ id }) => id === line.id)
    if (!later) gone.push(`line ${line.id} is gone`)
    else if (line.state !== 'active' && later.state !== line.state)
      gone.push(`line ${line.id} was ${line.state} and is ${later.state}`)
    else if (later.article.gtin !== line.article.gtin || later.quantity !== line.quantity)
      gone.push(`line ${line.id} is another one`)
  }
  for (const payment of before.payments) paymentGone(payment, before, now, gone)
  for (const claim of before.claims)
    if (!now.claims.some(({ id }) => id === claim.id)) gone.push(`claim ${claim.id} is gone`)
  const printed =
    before.paper.state === 'printed' &&
    !['printed', 'printing', 'unknown', 'failed'].includes(now.paper.state)
  if (printed) gone.push('its paper is forgotten')
  return gone
}

function paymentGone(payment: Payment, before: SaleView, now: SaleView, gone: string[]): void {
  const later = now.payments.find(({ id }) => id === payment.id)
  if (!later) {
    gone.push(`payment ${payment.id} is gone`)
    return
  }
  // A hold that cannot be made to outlive the payment is let go: nothing was taken yet.
  const letGo = payment.by === 'purse' && later.state === 'refused' && !PAID.has(before.state)
  if (letGo) return
  const may = LATER_PAYMENT[payment.state]
  if (may && !may.includes(later.state))
    gone.push(`payment ${payment.id} was ${payment.state} and is ${later.state}`)
  const counts = payment.state === 'done' && later.state === 'done'
  if (counts && later.amountMinor !== payment.amountMinor)
    gone.push(`payment ${payment.id} was ${payment.amountMinor} and is ${later.amountMinor}`)
}
