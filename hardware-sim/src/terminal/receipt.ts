// The paper of the simulated terminal: a merchant's and a customer's receipt, or an end-of-day slip, as print
// commands for the register (06 D1 line by line, or 06 D3 in blocks if the register asked for them).
import type { BookEntry, BookTotals } from './book-entry.ts'
import { FOREIGN, type ForeignCurrency, MARKUP } from './cards.ts'
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
  /** Characters on a line. */
  readonly width: number
}

/** Characters on a line of the terminal's own printer. */
export const PAPER_WIDTH = 32

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
  tip: 'Trinkgeld',
  'top-up': 'Aufladung',
} as const

export function paymentPapers(entry: BookEntry, terminalId: string, width: number, copy: boolean): Paper[] {
  const body = [
    centred(entry.manner?.telephone ? 'Zahlung mit tel. Genehm.' : TITLES[entry.kind]),
    ...(entry.state === 'reversed' ? [centred('** STORNIERT **')] : []),
    ...(copy ? [centred('** KOPIE **')] : []),
    plain(''),
    plain(pair('Terminal-ID', terminalId, width)),
    plain(pair('TA-Nr.', bcd(entry.trace, 3).toString('hex'), width)),
    ...(entry.originalTrace === undefined
      ? []
      : [plain(pair('zu TA-Nr.', bcd(entry.originalTrace, 3).toString('hex'), width))]),
    plain(pair('Beleg-Nr.', bcd(entry.receipt, 2).toString('hex'), width)),
    plain(pair(germanDate(entry.time), entry.time.slice(11, 16), width)),
    plain(entry.card.name + (entry.manner?.contactless ? ' kontaktlos' : '')),
    plain(entry.card.maskedPan),
    ...amounts(entry, width),
    plain(pair('Genehmigung', entry.authorisation, width)),
  ]
  const sign =
    entry.manner?.check === 'signature' ? [plain(''), plain('Unterschrift'), plain('_'.repeat(width))] : []
  const paper = (type: number, lines: readonly ReceiptLine[]): Paper => ({ type, lines, width })
  return [
    paper(PAPER.merchant, [centred('HÄNDLERBELEG'), ...body, ...sign, last('Bitte aufbewahren')]),
    paper(PAPER.customer, [centred('KUNDENBELEG'), ...body, last('Danke für Ihren Einkauf')]),
  ]
}

/** What was paid, of which how much as a tip, and in which currency the card is charged. */
function amounts({ amountMinor, currency, manner }: BookEntry, width: number): ReceiptLine[] {
  const own = nameOf(currency)
  const tall = (label: string, value: string): ReceiptLine => ({
    attribute: LINE.doubleHeight,
    text: pair(label, value, width),
  })
  const { tipMinor, ofMinor } = manner ?? {}
  const tip =
    tipMinor === undefined || ofMinor !== undefined
      ? []
      : [plain(pair('davon Trinkgeld', money(tipMinor), width))]
  const whole =
    ofMinor === undefined
      ? []
      : [
          plain(pair('Zahlung', money(ofMinor), width)),
          plain(pair('mit Trinkgeld', money(ofMinor + amountMinor), width)),
        ]
  const foreign = Object.values(FOREIGN).find(({ number }) => number === manner?.foreign?.currency)
  return [
    tall(`Betrag ${own}`, money(amountMinor)),
    ...tip,
    ...whole,
    ...(foreign === undefined ? [] : conversion(manner?.foreign?.amountMinor ?? 0, own, foreign, width)),
  ]
}

/** A card owner who pays in the card's currency must see rate and mark-up, and that it was a choice. */
function conversion(minor: number, own: string, foreign: ForeignCurrency, width: number): ReceiptLine[] {
  const units = String(minor).padStart(foreign.decimals + 1, '0')
  const point = units.length - foreign.decimals
  const amount = foreign.decimals === 0 ? units : `${units.slice(0, point)},${units.slice(point)}`
  const rate = `${Math.floor(foreign.rate / 10_000)},${String(foreign.rate % 10_000).padStart(4, '0')}`
  return [
    { attribute: LINE.doubleHeight, text: pair(`Betrag ${foreign.name}`, amount, width) },
    plain(pair(`1 ${own} in ${foreign.name}`, rate, width)),
    plain(pair('inkl. Aufschlag', `${money(MARKUP)} %`, width)),
    ...wrapped(`Ich konnte wählen und habe mich für ${foreign.name} entschieden.`, width).map(plain),
  ]
}

export function endOfDayPaper(
  totals: BookTotals,
  terminalId: string,
  time: string,
  width: number,
  title: 'KASSENABSCHLUSS' | 'ZWISCHENSUMME' = 'KASSENABSCHLUSS',
): Paper {
  const own = nameOf(totals.currency)
  const rule = plain('-'.repeat(width))
  return {
    type: PAPER.administration,
    width,
    lines: [
      centred(title),
      plain(pair('Terminal-ID', terminalId, width)),
      plain(pair(germanDate(time), time.slice(11, 16), width)),
      rule,
      ...totals.cards.flatMap(card => [
        plain(pair(card.name, money(card.paymentsMinor - card.refundsMinor), width)),
        plain(pair(`  ${counted(card.payments, 'Zahlung')}`, money(card.paymentsMinor), width)),
        ...(card.refunds === 0
          ? []
          : [plain(pair(`  ${counted(card.refunds, 'Gutschrift')}`, money(-card.refundsMinor), width))]),
      ]),
      ...(totals.cards.length === 0 ? [centred('keine Umsätze')] : []),
      rule,
      plain(pair(counted(totals.payments, 'Zahlung'), money(totals.paymentsMinor), width)),
      ...(totals.tipsMinor === 0 ? [] : [plain(pair('  davon Trinkgeld', money(totals.tipsMinor), width))]),
      plain(pair(counted(totals.refunds, 'Gutschrift'), money(-totals.refundsMinor), width)),
      { attribute: LINE.doubleHeight, text: pair(`Summe ${own}`, money(totals.totalMinor), width) },
      last(title === 'KASSENABSCHLUSS' ? 'Abschluss durchgeführt' : 'kein Abschluss'),
    ],
  }
}

/** What the terminal tells of itself (06 1A, 06 79). */
export function configurationPaper(
  title: string,
  rows: readonly (readonly [string, string])[],
  width: number,
): Paper {
  const lines = rows.map(([label, value]) => plain(pair(label, value, width)))
  return { type: PAPER.administration, width, lines: [centred(title), ...lines, last('Ende')] }
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

/** Words into lines; a word that is longer than a line is cut. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width) line = longer
    else {
      lines.push(line)
      line = word.slice(0, width)
    }
  }
  return [...lines, line]
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 'en'}`
}

function money(minor: number): string {
  const digits = Math.abs(minor).toString().padStart(3, '0')
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -2)},${digits.slice(-2)}`
}

function germanDate(time: string): string {
  return `${time.slice(8, 10)}.${time.slice(5, 7)}.${time.slice(0, 4)}`
}
