// The dialogues of the simulated terminal that move no money: registration, status enquiry, repeat receipt,
// end of day, diagnosis.
import { type BookEntry, type BookTotals, MOVING } from './book-entry.ts'
import { bcd, type Field, readFields, readTlv, type TlvObject, writeFields, writeTlv } from './codec.ts'
import { commandsFor, type Till } from './money.ts'
import { endOfDayPaper, PAPER_WIDTH, type Paper, printCommands } from './receipt.ts'
import { statusFields } from './status.ts'
import {
  BMP,
  CHARSET,
  COMMAND,
  CONFIG,
  END_OF_DAY_COLUMNS,
  ENQUIRY,
  MESSAGE,
  REPEAT,
  RESULT,
  TAG,
} from './tables.ts'
import type { Registration, Talk } from './talk.ts'

/** What 06 20 shows of a payment that was reversed for want of an acknowledgement. Real terminals differ. */
export type RepeatShows = 'reversed' | 'original' | 'previous'

export const UNREGISTERED: Registration = {
  registered: false,
  config: CONFIG.afterLogOff,
  currency: false,
  tlv: false,
  blocks: false,
  permitted: [],
  numbered: false,
  charset: CHARSET.cp437,
  width: 24,
  agreed: [],
}

const CHARSETS: readonly number[] = [CHARSET.latin1, CHARSET.utf8, CHARSET.cp437]

/** What a register's 06 00 agrees on, or the code with which it is refused. */
export function registrationOf(data: Buffer, currency: Buffer): Registration | number {
  if (data.length < 4) return RESULT.protocol
  const config = data.readUInt8(3)
  const named = data.length >= 6
  // A currency is followed by fields; one odd byte is neither.
  if (data.length === 5) return RESULT.protocol
  if (named && !data.subarray(4, 6).equals(currency)) return RESULT.registrationFailed
  const fields = readFields(data.subarray(6))
  const container = fields?.get(BMP.tlv)
  const tlv = container === undefined ? new Map<number, Buffer>() : readTlv(container)
  if (fields === undefined || tlv === undefined) return RESULT.protocol
  const charset = tlv.get(TAG.charset)?.at(0)
  const width = Number(tlv.get(TAG.lineWidth)?.toString('hex') || Number.NaN)
  const permitted = commandsIn(tlv.get(TAG.commands))
  const knowsCharset = charset !== undefined && CHARSETS.includes(charset)
  const fitsWidth = width >= 16 && width <= 64
  return {
    registered: true,
    config,
    currency: named,
    tlv: container !== undefined,
    numbered: tlv.get(TAG.sequence)?.toString('hex') === '000000',
    blocks: permitted.includes(COMMAND.printBlock),
    permitted,
    charset: knowsCharset ? charset : CHARSET.cp437,
    width: fitsWidth ? width : UNREGISTERED.width,
    agreed: [...(fitsWidth ? [TAG.lineWidth] : []), ...(knowsCharset ? [TAG.charset] : [])],
  }
}

/** The commands in tag 26, two bytes each. */
function commandsIn(list: Buffer | undefined): number[] {
  const commands: number[] = []
  let at = 0
  while (list !== undefined && at + 4 <= list.length) {
    const isCommand = list.readUInt8(at) === TAG.command && list.readUInt8(at + 1) >= 2
    if (isCommand) commands.push(list.readUInt16BE(at + 2))
    at += 2 + list.readUInt8(at + 1)
  }
  return commands
}

/** The completion of a registration; TLV only for a register that sent some. */
export async function completeRegistration(talk: Talk, till: Till, next: Registration): Promise<void> {
  const answers: TlvObject[] = [
    [TAG.lineWidth, bcd(next.width, 1)],
    [TAG.charset, Buffer.from([next.charset])],
  ]
  // Whether or not the register asked: what the terminal can do itself.
  const able: TlvObject = [TAG.commands, writeTlv([[TAG.command, Buffer.from([0x06, 0xd3])]])]
  const sequence: TlvObject[] = next.numbered ? [[TAG.sequence, bcd(0, 3)]] : []
  const tlv = writeTlv([...answers.filter(([tag]) => next.agreed.includes(tag)), able, ...sequence])
  const fields: Field[] = [
    [BMP.paymentType, Buffer.from([0x00])],
    [BMP.terminalId, bcd(till.terminalId, 4)],
    ...(next.currency ? ([[BMP.currency, till.currency]] satisfies Field[]) : []),
    ...(next.tlv ? ([[BMP.tlv, tlv]] satisfies Field[]) : []),
  ]
  await talk.complete(writeFields(fields))
}

/** 05 01: its completion is no list of fields but `[version] status [container]`, the last with its clock. */
export function enquiryCompletion(data: Buffer, version: string, status: number, time: string): Buffer {
  const service = readFields(data.subarray(3))?.get(BMP.service)?.at(0) ?? 0
  const text = Buffer.from(version, 'latin1')
  const digits = String(text.length).padStart(3, '0')
  const length = Buffer.from([...digits].map(digit => 0xf0 + Number(digit)))
  const clock = writeTlv([
    [TAG.date, bcd(time.slice(0, 10).replaceAll('-', ''), 4)],
    [TAG.time, bcd(time.slice(11).replaceAll(':', ''), 3)],
  ])
  return Buffer.concat([
    ...((service & ENQUIRY.noVersion) === 0 ? [length, text] : []),
    Buffer.from([status]),
    ...((service & ENQUIRY.more) === 0 ? [] : [writeFields([[BMP.tlv, writeTlv([[TAG.clock, clock]])]])]),
  ])
}

/** 06 20: the last transaction once more, as status, as paper, or both. */
export async function repeatReceipt(talk: Talk, till: Till, data: Buffer): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const service = readFields(data.subarray(3))?.get(BMP.service)?.at(0) ?? 0
  const entry = shown(till.books.entries, till.repeatShows)
  if (entry === undefined) {
    await talk.fail(RESULT.notPossible)
    return 'nothing to repeat'
  }
  if ((service & REPEAT.sendStatus) !== 0) {
    const answer = await talk.status(
      statusFields(entry, till, talk.registration.currency, {
        mirrors: false,
        details: talk.registration.tlv,
      }),
    )
    if (answer.kind === 'lost') return 'link lost'
  }
  if ((service & REPEAT.printNothing) === 0)
    await print(talk, commandsFor(entry, talk.registration, till, true))
  await talk.complete()
  return 'repeated'
}

function shown(entries: readonly BookEntry[], shows: RepeatShows): BookEntry | undefined {
  const stored = entries.filter(entry => entry.state !== 'declined')
  const unacknowledged = (entry: BookEntry): boolean =>
    entry.state === 'reversed' && entry.resultCode !== RESULT.ok
  if (shows === 'previous') return stored.findLast(entry => !unacknowledged(entry))
  const last = stored.at(-1)
  return last !== undefined && shows === 'original' ? { ...last, resultCode: RESULT.ok } : last
}

/** 06 50: settles what is open. */
export async function endOfDay(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  await talk.show(MESSAGE.pleaseWait)
  if (!(await talk.pause(till.stages.hostMs))) return 'link lost before the host was asked'
  const totals = till.books.totals()
  const { trace, open } = till.books.settle()
  talk.reached('settled')
  return (await tellTotals(talk, till, totals, trace, open)) ? 'settled' : 'settled; link lost'
}

/** 06 10: the same without settling anything (PA00P015 ch. 2.43). */
export async function sendTotals(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const open = till.books.entries.filter(entry => !entry.settled)
  const trace = till.books.entries.at(-1)?.trace ?? 0
  return (await tellTotals(talk, till, till.books.totals(), trace, open)) ? 'told' : 'link lost'
}

/** 04 0F with the totals, their slip where somebody prints it, and 06 0F. */
async function tellTotals(
  talk: Talk,
  till: Till,
  totals: BookTotals,
  trace: number,
  open: readonly BookEntry[],
): Promise<boolean> {
  const time = till.time()
  const isFinal = talk.kind === 'end-of-day'
  const answer = await talk.status([
    [BMP.result, Buffer.from([RESULT.ok])],
    // The field has no sign: more refunds than payments cannot be told apart here, the slip says it.
    [BMP.amount, bcd(Math.abs(totals.totalMinor), 6)],
    ...(talk.registration.currency ? ([[BMP.currency, till.currency]] satisfies Field[]) : []),
    [BMP.trace, bcd(trace, 3)],
    [BMP.time, bcd(time.slice(11).replaceAll(':', ''), 3)],
    [BMP.date, bcd(time.slice(5, 10).replace('-', ''), 2)],
    [BMP.singleAmounts, singleAmounts(open)],
  ])
  if (answer.kind === 'lost') return false
  if (isFinal)
    await printAdministration(talk, till, width => endOfDayPaper(totals, till.terminalId, time, width))
  await talk.complete()
  return true
}

/** Through the register's printer, or the terminal's own; not at all where the register makes up its own slips. */
export async function printAdministration(
  talk: Talk,
  till: Till,
  paperOf: (width: number) => Paper,
): Promise<void> {
  const { config, width } = talk.registration
  if ((config & CONFIG.ecrPrintsAdministration) === 0) {
    if (talk.registration.registered) till.slips.print([paperOf(PAPER_WIDTH)])
    return
  }
  if ((config & CONFIG.linesByTerminal) === 0) return
  const papers = [paperOf(width)]
  till.slips.hand(papers)
  await print(talk, printCommands(papers, talk.registration))
}

/** BMP 60: first and last receipt number, then count and turnover of each kind of card. */
function singleAmounts(settled: readonly BookEntry[]): Buffer {
  const booked = settled.filter(entry => entry.state === 'booked' && MOVING.has(entry.kind))
  const columns = END_OF_DAY_COLUMNS.map(column => {
    const own = booked.filter(entry => entry.card.column === column)
    const sum = own.reduce(
      (total, entry) => total + (entry.kind === 'refund' ? -1 : 1) * entry.amountMinor,
      0,
    )
    const count = own.filter(entry => entry.kind !== 'tip').length
    return Buffer.concat([Buffer.from([Math.min(count, 0xff)]), bcd(Math.abs(sum), 6)])
  })
  const first = settled.find(entry => entry.receipt > 0)?.receipt ?? 0
  const last = settled.findLast(entry => entry.receipt > 0)?.receipt ?? 0
  return Buffer.concat([bcd(first, 2), bcd(last, 2), ...columns])
}

/** 06 70: says its date and time to the register (04 01), then 06 0F. */
export async function diagnosis(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  await talk.show(MESSAGE.pleaseWait)
  if (!(await talk.pause(till.stages.hostMs))) return 'link lost'
  const time = till.time()
  await talk.setTime([
    [BMP.fullDate, bcd(time.slice(2, 10).replaceAll('-', ''), 3)],
    [BMP.time, bcd(time.slice(11).replaceAll(':', ''), 3)],
  ])
  await talk.complete()
  return 'diagnosed'
}

/** 06 93: logs on to its host. */
export async function initialisation(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  await talk.show(MESSAGE.pleaseWait)
  if (!(await talk.pause(till.stages.hostMs))) return 'link lost'
  await talk.complete()
  return 'initialised'
}

/** 06 23 with receipt number FFFF asks which reservations there are; the answer is an abort with B8 (ch. 2.10.1). */
export async function openReservations(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const receipts = till.books.reservations().map(entry => bcd(entry.receipt, 2))
  const list = receipts.map((receipt): TlvObject => [TAG.receipt, receipt])
  const fields: Field[] = [
    [BMP.receipt, receipts[0] ?? Buffer.from([0xff, 0xff])],
    ...(talk.registration.tlv && list.length > 0
      ? ([[BMP.tlv, writeTlv([[TAG.receipts, writeTlv(list)]])]] satisfies Field[])
      : []),
  ]
  await talk.fail(RESULT.noReservation, undefined, undefined, writeFields(fields))
  return 'enquired'
}

export async function print(talk: Talk, commands: readonly Buffer[]): Promise<void> {
  for (const [index, command] of commands.entries()) {
    const answer = await talk.print(command, index)
    if (answer.kind !== 'answer' || !answer.positive) return
  }
}
