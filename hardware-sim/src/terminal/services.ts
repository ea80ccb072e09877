// The commands that move no money, each with its dialogue: a table that the terminal looks them up in.
import type { DialogueKind, Need } from './accidents.ts'
import { balance, readCard } from './card-reading.ts'
import { bcd, readFields } from './codec.ts'
import {
  diagnosis,
  endOfDay,
  initialisation,
  print,
  printAdministration,
  repeatReceipt,
  sendTotals,
} from './enquiries.ts'
import { commandsFor, printsItself, type Till } from './money.ts'
import { configurationPaper, PAPER_WIDTH, paymentPapers } from './receipt.ts'
import { BMP, COMMAND, RESULT, STATUS } from './tables.ts'
import type { Talk } from './talk.ts'

/** What the terminal may want first: the status that says so (ch. 11), and the dialogue that settles it (ch. 11.1). */
const NEEDS: { readonly [need in Need]: { readonly status: number; readonly by: DialogueKind } } = {
  'end-of-day': { status: STATUS.endOfDayNeeded, by: 'end-of-day' },
  diagnosis: { status: STATUS.diagnosisNeeded, by: 'diagnosis' },
  initialisation: { status: STATUS.initialisationNeeded, by: 'initialisation' },
  clock: { status: STATUS.clockWrong, by: 'set-clock' },
}

/** What the terminal says of itself: what it wants, or that a card is in it. */
export function statusOf(till: Till): number {
  if (till.needs !== undefined) return NEEDS[till.needs].status
  return till.inserted ? STATUS.cardInserted : STATUS.ready
}

/** Whether this dialogue has to wait for another one; a card may be read all the same (ch. 7.1). */
export function hasToWait(kind: DialogueKind, till: Till): boolean {
  return till.needs !== undefined && NEEDS[till.needs].by !== kind && kind !== 'read-card'
}

export interface Service {
  readonly kind: DialogueKind
  /** A password stands before its fields. */
  readonly isLocked: boolean
  /** The code of an 84 with which the data is refused before anything starts. */
  readonly refuses?: (data: Buffer) => number | undefined
  /** Says how it ended. */
  readonly run: (talk: Talk, till: Till, data: Buffer) => Promise<string>
}

export const SERVICES: ReadonlyMap<number, Service> = new Map<number, Service>([
  [COMMAND.repeatReceipt, { kind: 'repeat-receipt', isLocked: true, run: repeatReceipt }],
  [COMMAND.reprint, { kind: 'reprint', isLocked: true, refuses: noRange, run: reprint }],
  [COMMAND.endOfDay, { kind: 'end-of-day', isLocked: true, run: endOfDay }],
  [COMMAND.totals, { kind: 'totals', isLocked: true, run: sendTotals }],
  [COMMAND.diagnosis, { kind: 'diagnosis', isLocked: false, run: diagnosis }],
  [COMMAND.initialisation, { kind: 'initialisation', isLocked: true, run: initialisation }],
  [COMMAND.setClock, { kind: 'set-clock', isLocked: true, refuses: noTime, run: setClock }],
  [COMMAND.printConfiguration, { kind: 'configuration', isLocked: false, run: printConfiguration }],
  [COMMAND.selfTest, { kind: 'self-test', isLocked: false, run: selfTest }],
  [COMMAND.readCard, { kind: 'read-card', isLocked: false, refuses: noFields, run: readCard }],
  [COMMAND.balance, { kind: 'balance', isLocked: false, run: balance }],
])

/** 06 91: sets date and time (PA00P015 ch. 2.25). */
async function setClock(talk: Talk, till: Till, data: Buffer): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  till.setTime(timeIn(data) ?? till.time())
  await talk.complete()
  return 'set'
}

function noTime(data: Buffer): number | undefined {
  return timeIn(data) === undefined ? RESULT.protocol : undefined
}

/** `AA YYMMDD 0C HHMMSS` in either order; undefined for a day or an hour that no calendar has. */
function timeIn(data: Buffer): string | undefined {
  const fields = readFields(data.subarray(3))
  const date = fields?.get(BMP.fullDate)?.toString('hex')
  const time = fields?.get(BMP.time)?.toString('hex')
  const [, year, month, day] = /^(\d\d)(\d\d)(\d\d)$/.exec(date ?? '') ?? []
  const [, hour, minute, second] = /^(\d\d)(\d\d)(\d\d)$/.exec(time ?? '') ?? []
  const text = `20${year}-${month}-${day}T${hour}:${minute}:${second}`
  const epochMs = Date.parse(`${text}Z`)
  // 31 February is a date for some, but not the one that was said.
  return Number.isNaN(epochMs) || !new Date(epochMs).toISOString().startsWith(text) ? undefined : text
}

/** 06 12: the receipts with these numbers once more (PA00P015 ch. 2.19). */
async function reprint(talk: Talk, till: Till, data: Buffer): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const { from, to } = rangeIn(data) ?? { from: 0, to: 0 }
  const found = till.books.between(from, to)
  if (found.length === 0) {
    await talk.fail(RESULT.notPossible)
    return 'nothing to print'
  }
  for (const entry of found) {
    if (printsItself(talk.registration)) {
      till.slips.print(paymentPapers(entry, till.terminalId, PAPER_WIDTH, true))
    } else await print(talk, commandsFor(entry, talk.registration, till, true))
  }
  await talk.complete()
  return 'printed'
}

function noRange(data: Buffer): number | undefined {
  return rangeIn(data) === undefined ? RESULT.protocol : undefined
}

function rangeIn(data: Buffer): { readonly from: number; readonly to: number } | undefined {
  const [, from, to] = /^(\d{4})(\d{4})?$/.exec(data.subarray(3).toString('hex')) ?? []
  return from === undefined ? undefined : { from: Number(from), to: Number(to ?? from) }
}

/** 06 1A: what it is and how it is set up. */
async function printConfiguration(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  await printAdministration(talk, till, width =>
    configurationPaper('KONFIGURATION', [...identity(till), ['Karte', till.card.name]], width),
  )
  await talk.complete()
  return 'printed'
}

/** 06 79: everything is in order. */
async function selfTest(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  await printAdministration(talk, till, width =>
    configurationPaper('SELBSTTEST', [...identity(till), ['Ergebnis', 'in Ordnung']], width),
  )
  await talk.complete()
  return 'tested'
}

function identity(till: Till): [string, string][] {
  const open = till.books.entries.filter(entry => !entry.settled).length
  return [
    ['Terminal-ID', till.terminalId],
    ['Uhr', till.time().replace('T', ' ').slice(0, 16)],
    ['Währung', till.currency.toString('hex').slice(1)],
    ['offene Umsätze', String(open)],
    ['nächste TA-Nr.', bcd((till.books.entries.at(-1)?.trace ?? 0) + 1, 3).toString('hex')],
  ]
}

function noFields(data: Buffer): number | undefined {
  return readFields(data.subarray(1)) === undefined ? RESULT.protocol : undefined
}
