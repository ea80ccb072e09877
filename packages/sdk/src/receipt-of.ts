// A sale as a receipt: what was sold, what it cost, how it was paid, what became of every claim. It says what is
// true at the moment it is composed, and is journaled before it is printed.

import { totalsOf } from '@cashdesk/checkout'
import type { Claim, LaneConfig, Leg, Line, ReceiptBlock, ReceiptDocument, Sale } from '@cashdesk/kernel'
import { feed, formatAmount, pair, rule, text, vatOf } from '@cashdesk/kernel'

/** What a claim says on paper. */
export type ClaimText = (claim: Claim) => readonly ReceiptBlock[]

export function receiptOf(sale: Sale, config: LaneConfig, claimText: ClaimText): ReceiptDocument {
  const money = (amount: number): string => formatAmount(amount, sale.currency)
  const blocks: ReceiptBlock[] = [
    ...config.header.map((line, index) =>
      text(line, index === 0 ? { align: 'center', bold: true, size: 2 } : { align: 'center' }),
    ),
    ...(sale.training ? [text('TRAINING: NO SALE', { align: 'center', bold: true })] : []),
    ...(sale.kind === 'sale'
      ? []
      : [
          text(`${sale.kind === 'void' ? 'VOID' : 'RETURN'} of ${sale.original ?? ''}`, {
            align: 'center',
            bold: true,
          }),
        ]),
    rule(),
    ...lineBlocks(sale, money, claimText),
    rule(),
    ...totalBlocks(sale, money),
    ...sale.legs.filter(leg => leg.state === 'done').flatMap(leg => legBlocks(leg, money)),
    rule(),
    ...vatBlocks(sale, money),
    ...sale.claims.filter(claim => claim.line === undefined).flatMap(claim => claimText(claim)),
    ...(sale.fiscal ? [sale.fiscal] : []),
    feed(),
    text(`Receipt ${sale.id}`, { align: 'center' }),
    text(
      [timeOf(sale.paidAt ?? sale.openedAt, config.locale), config.lane, sale.operator]
        .filter(Boolean)
        .join('  '),
      { align: 'center' },
    ),
  ]
  return { kind: 'sale', locale: config.locale, blocks: blocks.filter(isNoSecondRule) }
}

/** A part that ends with a rule and one that begins with a rule share it. */
function isNoSecondRule({ block }: ReceiptBlock, place: number, blocks: readonly ReceiptBlock[]): boolean {
  return block !== 'rule' || blocks[place - 1]?.block !== 'rule'
}

function lineBlocks(
  sale: Sale,
  money: (amount: number) => string,
  claimText: ClaimText,
): readonly ReceiptBlock[] {
  const active = sale.lines.filter(line => line.state === 'active')
  return active.flatMap((line): ReceiptBlock[] => [
    pair(line.article.name, money(line.grossMinor)),
    ...(line.quantity === 1 ? [] : [text(`  ${line.quantity} × ${money(line.article.priceMinor)}`)]),
    ...sale.claims.filter(claim => claim.line === line.id).flatMap(claim => claimText(claim)),
  ])
}

function totalBlocks(sale: Sale, money: (amount: number) => string): readonly ReceiptBlock[] {
  const totals = totalsOf(sale)
  const adjustments = sale.claims.filter(
    claim => claim.on === 'basket' && claim.state !== 'released' && claim.state !== 'refused',
  )
  return [
    ...adjustments.flatMap(claim =>
      (claim.adjustments ?? []).map(each => pair(each.label, money(each.amountMinor))),
    ),
    ...(totals.tipMinor === 0 ? [] : [pair('Tip', money(totals.tipMinor))]),
    ...(totals.roundingMinor === 0 ? [] : [pair('Rounding', money(totals.roundingMinor))]),
    pair(`TOTAL ${sale.currency}`, money(totals.totalMinor), { bold: true, size: 2 }),
  ]
}

const MEANS: { readonly [by: string]: string } = { cash: 'Cash', card: 'Card', register: 'Paid' }

function legBlocks(leg: Leg, money: (amount: number) => string): readonly ReceiptBlock[] {
  const { facts } = leg
  const known = [facts?.cardName, facts?.maskedPan].filter(Boolean).join(' ')
  const numbers = [
    facts?.terminalId === undefined ? '' : `Terminal ${facts.terminalId}`,
    facts?.trace === undefined ? '' : `Trace ${facts.trace}`,
    facts?.receipt === undefined ? '' : `Slip ${facts.receipt}`,
  ]
    .filter(Boolean)
    .join('  ')
  return [
    pair(MEANS[leg.by] ?? leg.by, money(leg.givenMinor ?? leg.amountMinor)),
    ...(leg.changeMinor === undefined || leg.changeMinor === 0
      ? []
      : [pair('Change', money(leg.changeMinor))]),
    ...(known === '' ? [] : [text(`  ${known}`)]),
    ...(numbers === '' ? [] : [text(`  ${numbers}`)]),
    ...slipBlocks(leg),
  ]
}

/** The customer's copy of the terminal's receipt, as the terminal composed it. */
function slipBlocks({ slip = [] }: Leg): readonly ReceiptBlock[] {
  const lines = slip.filter(({ receipt }) => receipt === 'customer')
  if (lines.length === 0) return []
  const blocks = lines.map(({ text: said, align, doubleHeight }) =>
    said.trim() === ''
      ? feed()
      : text(said, { ...(align ? { align } : {}), ...(doubleHeight ? { size: 2 } : {}) }),
  )
  return [rule(), ...blocks, rule()]
}

function vatBlocks(sale: Sale, money: (amount: number) => string): readonly ReceiptBlock[] {
  const active: readonly Line[] = sale.lines.filter(line => line.state === 'active')
  const rates = vatOf(active.map(line => ({ grossMinor: line.grossMinor, rate: line.article.vat })))
  return rates.map(each =>
    pair(
      `VAT ${(each.rate / 100).toFixed(each.rate % 100 === 0 ? 0 : 1)}% of ${money(each.grossMinor)}`,
      money(each.vatMinor),
    ),
  )
}

/** By locale, and a till has one: making a format takes longer than composing the rest of the receipt. */
const formats: Map<string, Intl.DateTimeFormat> = new Map()

/** The till's clock in the till's own time zone. */
function timeOf(at: number, locale: string): string {
  const format =
    formats.get(locale) ?? new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium' })
  formats.set(locale, format)
  return format.format(at)
}
