// The export as a table: one row for the sale, each line, each discount, each payment, each VAT rate and each claim, all
// with the same columns. RFC 4180, UTF-8, a comma between cells; amounts as decimals with a point.
import { formatAmount } from '@cashdesk/kernel'
import type { SoldSale } from './export-sale.ts'

export const COLUMNS = [
  'row',
  'sale',
  'lane',
  'kind',
  'state',
  'original',
  'training',
  'operator',
  'shift',
  'opened',
  'paid',
  'ended',
  'currency',
  'id',
  'text',
  'gtin',
  'group',
  'quantity',
  'price',
  'amount',
  'given',
  'change',
  'tip',
  'rounding',
  'vat_percent',
  'net',
  'vat',
  'card',
  'trace',
  'reference',
  'status',
] as const

type Row = { readonly [column in (typeof COLUMNS)[number]]?: string }

export function rowsOf(sale: SoldSale): readonly (readonly string[])[] {
  const head = headOf(sale)
  const rows = [...moneyRows(sale), ...claimRows(sale)]
  return rows.map(row => COLUMNS.map(column => row[column] ?? head[column] ?? ''))
}

/** What every row of a sale says. */
function headOf(sale: SoldSale): Row {
  const { lane, kind, state, currency } = sale
  return {
    sale: sale.sale,
    lane,
    kind,
    state,
    original: sale.original ?? '',
    training: sale.training ? 'yes' : 'no',
    operator: sale.operator ?? '',
    shift: sale.shift ?? '',
    opened: isoOf(sale.openedAt),
    paid: isoOf(sale.paidAt),
    ended: isoOf(sale.endedAt),
    currency,
  }
}

function moneyRows(sale: SoldSale): readonly Row[] {
  const money = (minor: number | undefined): string =>
    minor === undefined ? '' : formatAmount(minor, sale.currency)
  const total = {
    row: 'sale',
    amount: money(sale.totalMinor),
    tip: money(sale.tipMinor),
    rounding: money(sale.roundingMinor),
    reference: sale.reference ?? '',
  }
  const lines = sale.lines.map(line => ({
    row: 'line',
    id: line.line,
    text: line.name,
    gtin: line.gtin ?? '',
    group: line.group ?? '',
    quantity: String(line.quantity),
    price: money(line.priceMinor),
    amount: money(line.grossMinor),
    vat_percent: percentOf(line.vat),
    status: line.state,
  }))
  const discounts = sale.adjustments.map(({ label, amountMinor }) => ({
    row: 'discount',
    text: label,
    amount: money(amountMinor),
  }))
  const payments = sale.payments.map(payment => ({
    row: 'payment',
    id: payment.payment,
    text: payment.by,
    amount: money(payment.amountMinor),
    given: money(payment.givenMinor),
    change: money(payment.changeMinor),
    tip: money(payment.tipMinor),
    card: payment.card ?? '',
    trace: payment.trace ?? '',
    reference: payment.reference ?? '',
    status: payment.state,
  }))
  const taxes = sale.vat.map(({ rate, grossMinor, netMinor, vatMinor }) => ({
    row: 'vat',
    amount: money(grossMinor),
    net: money(netMinor),
    vat: money(vatMinor),
    vat_percent: percentOf(rate),
  }))
  return [total, ...lines, ...discounts, ...payments, ...taxes]
}

function claimRows({ claims }: SoldSale): readonly Row[] {
  return claims.map(({ plugin, line, state, subject }) => ({
    row: 'claim',
    id: line ?? '',
    text: plugin,
    reference: Object.values(subject).map(String).join(' '),
    status: state,
  }))
}

/** A line of the table. What a spreadsheet would take for a formula is marked as text. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

const NUMBER = /^-?\d+(\.\d+)?$/

function cell(value: string): string {
  const text = /^[=+\-@\t\r]/.test(value) && !NUMBER.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** `2026-11-21T14:03:09.120Z` */
function isoOf(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toISOString()
}

/** `19`, `7.7`; empty where no tax is in it. */
function percentOf(rate: number | null): string {
  return rate === null ? '' : String(rate / 100)
}
