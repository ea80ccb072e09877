// I8: the money on the screen, added up once more by our own prices.
import type { SaleView } from '@cashdesk/sdk'
import { wareOf } from './shop.ts'

/** What does not add up. Integer minor units throughout. */
export function totalsAddUp(view: SaleView, swiss: boolean): readonly string[] {
  const wrong: string[] = []
  const { totals } = view
  for (const [name, amount] of Object.entries(totals))
    if (!Number.isSafeInteger(amount)) wrong.push(`${name} is ${amount}`)
  const active = view.lines.filter(line => line.state === 'active')
  const lines = sum(active.map(line => line.grossMinor))
  if (lines !== totals.linesMinor) wrong.push(`the lines are ${lines}, and said to be ${totals.linesMinor}`)
  for (const { article, quantity, grossMinor } of active) {
    const price = (wareOf(article.gtin ?? '')?.priceMinor ?? Number.NaN) * quantity
    const right = view.kind === 'sale' ? grossMinor === price : -grossMinor <= price && grossMinor <= 0
    if (!right) wrong.push(`${article.name} costs ${grossMinor} instead of ${price}`)
  }
  const { linesMinor, adjustmentsMinor, tipMinor, roundingMinor, totalMinor, paidMinor, openMinor } = totals
  if (linesMinor + adjustmentsMinor + tipMinor + roundingMinor !== totalMinor)
    wrong.push(`${linesMinor} ${adjustmentsMinor} ${tipMinor} ${roundingMinor} are not ${totalMinor}`)
  const paid = sum(view.payments.filter(({ state }) => state === 'done').map(each => each.amountMinor))
  if (paid !== paidMinor) wrong.push(`${paid} is paid, and ${paidMinor} counted`)
  if (openMinor !== totalMinor - paidMinor) wrong.push(`${openMinor} is said to be open`)
  if ((view.state === 'settling' || view.state === 'closed') && openMinor !== 0)
    wrong.push(`it is ${view.state}, and ${openMinor} is open`)
  const cash = view.payments.some(({ by, state }) => by === 'cash' && state === 'done')
  if (roundingMinor !== 0 && !(swiss && cash && Math.abs(roundingMinor) <= 2))
    wrong.push(`rounded by ${roundingMinor}`)
  // While a basket is rung up or reserved anew, an older quote may still be on the screen.
  const final = view.ready || view.state === 'settling' || view.state === 'closed'
  if (view.kind === 'sale' && final && adjustmentsMinor < -Math.floor(linesMinor / 10))
    wrong.push(`a discount of ${adjustmentsMinor} on ${linesMinor}`)
  return wrong
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
