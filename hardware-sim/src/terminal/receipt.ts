// The paper of the simulated terminal: a merchant's and a customer's receipt, or an end-of-day slip, as print
// commands for the register (06 D1 line by line, or 06 D3 in blocks if the register asked for them).
import type { BookEntry, BookTotals } from './books.ts'
import { bcd, writeApdu, writeFields, writeText, writeTlv } from './codec.ts'
import { BMP, COMMAND, LINE, TAG } from './tables.ts'

interface ReceiptLine {
  readonly attribute: number
  readonly text: string
}

/** Receipt types of tag 1F07. */
const PAPER = { merchant: 1, customer: 2, administration: 3 } as const

export interface Paper {
  readonly type: number
  readonly lines: readonly ReceiptLine[]
}

export interface PaperFormat {
  /** Characters on a line. */
  readonly width: number
  readonly charset: number
  /** 06 D3 instead of 06 D1. */
  readonly blocks: boolean
}

const TITLES = {
  payment: 'Zahlung',
  refund: 'Gutschrift',
  reversal: 'Storno',
  reservation: 'Reservierung',
} as const

export function paymentPapers(entry: BookEntry, terminalId: string, width: number, copy: boolean): Paper[] {
  const body = [
    centred(TITLES[entry.kind]),
    ...(entry.state === 'reversed' ? [centred('** STORNIERT **')] : []),
    ...(copy ? [centred('** KOPIE **')] : []),
    plain(''),
    plain(pair('Terminal-ID', terminalId, width)),
    plain(pair('TA-Nr.', bcd(entry.trace, 3).toString('hex'), width)),
    plain(pair('Beleg-Nr.', bcd(entry.receipt, 2).toString('hex'), width)),
    plain(pair(germanDate(entry.time), entry.time.slice(11, 16), width)),
    plain(entry.card.name),
    plain(entry.card.maskedPan),
    {
      attribute: LINE.doubleHeight,
      text: pair(`Betrag ${nameOf(entry.currency)}`, money(entry.amountMinor), width),
    },
    ...(entry.manner?.tipMinor === undefined
      ? []
      : [plain(pair('davon Trinkgeld', money(entry.manner.tipMinor), width))]),
    plain(pair('Genehmigung', entry.authorisation, width)),
  ]
  const sign =
    entry.manner?.check === 'signature' ? [plain(''), plain('Unterschrift'), plain('_'.repeat(width))] : []
  return [
    { type: PAPER.merchant, lines: [centred('HÄNDLERBELEG'), ...body, ...sign, last('Bitte aufbewahren')] },
    { type: PAPER.customer, lines: [centred('KUNDENBELEG'), ...body, last('Danke für Ihren Einkauf')] },
  ]
}

export function endOfDayPaper(totals: BookTotals, terminalId: string, time: string, width: number): Paper {
  return {
    type: PAPER.administration,
    lines: [
      centred('KASSENABSCHLUSS'),
      plain(pair('Terminal-ID', terminalId, width)),
      plain(pair(germanDate(time), time.slice(11, 16), width)),
      plain(pair(`Zahlungen ${totals.payments}`, money(totals.paymentsMinor), width)),
      plain(pair(`Gutschriften ${totals.refunds}`, money(-totals.refundsMinor), width)),
      plain(pair(`Summe ${nameOf(totals.currency)}`, money(totals.totalMinor), width)),
      last('Abschluss durchgeführt'),
    ],
  }
}

/** The commands that put `papers` on the register's printer; each must be acknowledged. */
export function printCommands(papers: readonly Paper[], format: PaperFormat): Buffer[] {
  return papers.flatMap(paper => (format.blocks ? [block(paper, format)] : lines(paper, format)))
}

function lines(paper: Paper, format: PaperFormat): Buffer[] {
  return paper.lines.map(line =>
    writeApdu(
      COMMAND.printLine,
      Buffer.concat([Buffer.from([line.attribute]), writeText(line.text, format.charset)]),
    ),
  )
}

function block(paper: Paper, format: PaperFormat): Buffer {
  const objects: Buffer[] = []
  let attribute: number | undefined
  for (const line of paper.lines) {
    const own = line.attribute & ~LINE.last
    // An attribute holds for all lines up to the next one (tag 25).
    if (own !== attribute) objects.push(writeTlv([[TAG.attribute, Buffer.from([own])]]))
    attribute = own
    objects.push(writeTlv([[TAG.text, writeText(line.text, format.charset)]]))
  }
  // The end of a receipt is told by an attribute of its own, after the last line (tag 25).
  objects.push(writeTlv([[TAG.attribute, Buffer.from([LINE.last | LINE.centred])]]))
  const tlv = writeTlv([
    [TAG.receiptType, Buffer.from([paper.type])],
    [TAG.texts, Buffer.concat(objects)],
  ])
  return writeApdu(COMMAND.printBlock, writeFields([[BMP.tlv, tlv]]))
}

/** As the customer knows it; the number where the terminal has no name for it. */
function nameOf(currency: string): string {
  return { '978': 'EUR', '756': 'CHF', '826': 'GBP', '840': 'USD' }[currency] ?? currency
}

function plain(text: string): ReceiptLine {
  return { attribute: LINE.plain, text }
}

function centred(text: string): ReceiptLine {
  return { attribute: LINE.centred, text }
}

function last(text: string): ReceiptLine {
  return { attribute: LINE.last | LINE.centred, text }
}

function pair(label: string, value: string, width: number): string {
  return `${label}${' '.repeat(Math.max(1, width - label.length - value.length))}${value}`
}

function money(minor: number): string {
  const digits = Math.abs(minor).toString().padStart(3, '0')
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -2)},${digits.slice(-2)}`
}

function germanDate(time: string): string {
  return `${time.slice(8, 10)}.${time.slice(5, 7)}.${time.slice(0, 4)}`
}
