// A command may be repeated for ever with the same result. What was said under an id before is compared with what is
// said now: the same changes nothing, something else is a mistake that must be told.
import type { Claim, LineId, Sale, SaleCommand, Wanted } from '@cashdesk/kernel'
import type { Draft } from './draft.ts'

/** `new`: not said before. */
export type Repeat = 'new' | 'same' | 'different'

export function repeated(draft: Draft, sale: Sale, input: SaleCommand): Repeat {
  switch (input.type) {
    case 'sale.open':
      return compare(
        [sale.kind, sale.owner, sale.original, sale.training],
        [input.kind, input.owner, input.original, input.training ?? false],
      )
    case 'line.add': {
      const line = sale.lines.find(each => each.id === input.line)
      if (!line) return 'new'
      // A returned line is the original's, whatever the register calls it.
      if (sale.kind !== 'sale') return compare([line.quantity, line.of], [input.quantity, input.of])
      if (!input.wants.every(wanted => wantedBefore(sale, line.id, wanted))) return 'different'
      return compare(
        [line.article.name, line.article.priceMinor, line.article.gtin, line.quantity, line.of],
        [input.article.name, input.article.priceMinor, input.article.gtin, input.quantity, input.of],
      )
    }
    case 'line.void':
      return sale.lines.some(line => line.id === input.line && line.state === 'voided') ? 'same' : 'new'
    case 'prompt.answer': {
      const claim = sale.claims.find(each => input.prompt.startsWith(`${each.id}.`))
      const kind = input.prompt.slice(input.prompt.indexOf('.') + 1)
      const before = claim?.subject[kind]
      if (before === undefined || sale.prompts.some(prompt => prompt.id === input.prompt)) return 'new'
      return compare([before], [input.value.trim()])
    }
    case 'tender.add': {
      const leg = sale.legs.find(each => each.id === input.tender)
      if (!leg) return 'new'
      const asked = input.amountMinor === 'rest' ? Math.abs(leg.askedMinor) : input.amountMinor
      const given = leg.kind === 'cash' && leg.askedMinor > 0 ? (input.givenMinor ?? asked) : leg.givenMinor
      return compare([leg.by, Math.abs(leg.askedMinor), leg.givenMinor], [input.by, asked, given])
    }
    case 'basket.claim':
      return is(heldOnBasket(sale, input.wanted))
    case 'sale.fiscal':
      return is(JSON.stringify(sale.fiscal) === JSON.stringify(input.fiscal))
    case 'sale.finish':
      return is(sale.paperBy !== undefined || sale.state === 'closed')
    case 'sale.park':
      return is(sale.state === 'parked')
    case 'sale.cancel':
      return is(sale.state === 'cancelling' || sale.state === 'cancelled')
    case 'sale.total':
      return is(sale.state !== 'open' && sale.state !== 'parked' && sale.frozen !== undefined)
    case 'sale.resume':
      return is(sale.state === 'open' && draft.lane.front === sale.id)
    default:
      return 'new'
  }
}

/** The same plugin may have wanted the line with another serial. */
function wantedBefore(sale: Sale, line: LineId, wanted: Wanted): boolean {
  const held = sale.claims.filter(claim => claim.line === line && claim.plugin === wanted.plugin)
  return held.length === 0 || held.some(claim => isAbout(claim, wanted))
}

/** A coupon that is on the basket, or was when it was paid. One that was refused may be tried again. */
export function heldOnBasket(sale: Sale, wanted: Wanted): boolean {
  return sale.claims.some(
    claim =>
      claim.on === 'basket' &&
      claim.plugin === wanted.plugin &&
      claim.state !== 'refused' &&
      claim.state !== 'released' &&
      claim.state !== 'releasing' &&
      isAbout(claim, wanted),
  )
}

/** What was asked for later stands in the subject too. */
function isAbout(claim: Claim, { subject }: Wanted): boolean {
  return Object.entries(subject).every(([name, value]) => claim.subject[name] === value)
}

function is(done: boolean): Repeat {
  return done ? 'same' : 'new'
}

function compare(before: readonly unknown[], now: readonly unknown[]): Repeat {
  return before.every((value, index) => value === now[index]) ? 'same' : 'different'
}
