// 04 0F: what the terminal says of one transaction, and of the manner in which the customer paid.
import type { BookEntry, Manner } from './book-entry.ts'
import { FOREIGN, MARKUP } from './cards.ts'
import { bcd, type Field, packPan, type TlvObject, writeTlv } from './codec.ts'
import type { Till } from './money.ts'
import { BMP, TAG } from './tables.ts'

/** 04 0F for one transaction (PA00P015 ch. 3.1.1); TLV only as far as the register can take it. */
export function statusFields(
  entry: BookEntry,
  till: Till,
  namesCurrency: boolean,
  { mirrors, details }: { readonly mirrors: boolean; readonly details: boolean },
): Field[] {
  const objects = [
    ...(details ? mannerTlv(entry, till) : []),
    ...(mirrors ? ([[TAG.lastReceipt, bigEndian(entry.receipt)]] satisfies TlvObject[]) : []),
  ]
  const tlv = objects.length === 0 ? undefined : writeTlv(objects)
  return [
    [BMP.result, Buffer.from([entry.resultCode])],
    // A tip that is booked later is told as what the customer pays in all.
    [BMP.amount, bcd(entry.amountMinor + (entry.manner?.ofMinor ?? 0), 6)],
    ...(namesCurrency ? ([[BMP.currency, till.currency]] satisfies Field[]) : []),
    [BMP.trace, bcd(entry.trace, 3)],
    ...(entry.originalTrace === undefined
      ? []
      : ([[BMP.originalTrace, bcd(entry.originalTrace, 3)]] satisfies Field[])),
    [BMP.time, bcd(entry.time.slice(11).replaceAll(':', ''), 3)],
    [BMP.date, bcd(entry.time.slice(5, 10).replace('-', ''), 2)],
    [BMP.receipt, bcd(entry.receipt, 2)],
    [BMP.turnover, bcd(entry.turnover, 3)],
    [BMP.terminalId, bcd(till.terminalId, 4)],
    [BMP.paymentType, Buffer.from([paymentType(entry.manner)])],
    [BMP.pan, packPan(entry.card.maskedPan.replaceAll('*', 'E'))],
    [BMP.sequence, bcd(0, 2)],
    [BMP.cardType, Buffer.from([entry.card.type])],
    [BMP.cardName, Buffer.from(`${entry.card.name}\0`, 'latin1')],
    [BMP.authorisation, Buffer.from(entry.authorisation.padEnd(8, '\0'), 'latin1')],
    [BMP.contract, Buffer.from('100764992      ', 'latin1')],
    ...(tlv === undefined ? [] : ([[BMP.tlv, tlv]] satisfies Field[])),
  ]
}

/** BMP 19 of 04 0F: 70 with a PIN, 60 online and 40 offline with a signature. */
function paymentType(manner: Manner | undefined): number {
  if (manner?.telephone) return 0x40
  return manner?.check === 'signature' ? 0x60 : 0x70
}

/** Nothing for a card with its PIN: that is the plain payment. */
function mannerTlv(entry: BookEntry, till: Till): TlvObject[] {
  const { manner } = entry
  if (manner === undefined) return []
  const check = manner.check === 'signature' ? 0x01 : manner.check === 'none' ? 0x00 : 0x02
  const type = writeTlv([
    [TAG.cardholderCheck, Buffer.from([check])],
    [TAG.online, Buffer.from([manner.telephone ? 0x00 : 0x01])],
    [TAG.technology, Buffer.from([manner.contactless ? 0x02 : 0x01])],
  ])
  const { tipMinor, tippable } = manner
  return [
    [TAG.paymentType, type],
    ...(tipMinor === undefined ? [] : ([[TAG.tip, bcd(tipMinor, 6)]] satisfies TlvObject[])),
    ...(tippable ? ([[TAG.transactionInformation, Buffer.from([0x01])]] satisfies TlvObject[]) : []),
    ...dccTlv(entry, till),
  ]
}

/** Tag E2: both amounts, the rate between them and what is in it. */
function dccTlv({ manner, amountMinor, card, trace }: BookEntry, till: Till): TlvObject[] {
  const foreign = Object.values(FOREIGN).find(({ number }) => number === manner?.foreign?.currency)
  if (foreign === undefined) return []
  const currency = bcd(foreign.number, 2)
  const dcc = writeTlv([
    amountInformation(AMOUNT_KIND.base, 2, amountMinor, till.currency),
    amountInformation(AMOUNT_KIND.rate, 4, foreign.rate, currency),
    amountInformation(AMOUNT_KIND.foreign, foreign.decimals, manner?.foreign?.amountMinor ?? 0, currency),
    [TAG.markup, bcd(MARKUP, 2)],
    [TAG.dccCardName, Buffer.from(card.name, 'latin1')],
    [TAG.retrievalId, Buffer.from(`SIM${String(trace).padStart(9, '0')}`, 'latin1')],
    [TAG.dccReference, Buffer.from(`R${String(trace).padStart(6, '0')}`, 'latin1')],
  ])
  return [[TAG.dcc, dcc]]
}

/** What an amount is, tag 1F1D. */
export const AMOUNT_KIND = { base: 0x01, rate: 0x02, foreign: 0x03, balance: 0x05 } as const

/** Tag 31: an amount with its currency and decimals. */
export function amountInformation(
  kind: number,
  decimals: number,
  minor: number,
  currency: Buffer,
): TlvObject {
  const information = writeTlv([
    [TAG.amountKind, Buffer.from([kind])],
    [TAG.decimals, Buffer.from([decimals])],
    [TAG.infoAmount, bcd(minor, 6)],
    [TAG.infoCurrency, currency],
  ])
  return [TAG.amountInformation, information]
}

function bigEndian(receipt: number): Buffer {
  return Buffer.from([receipt >> 8, receipt & 0xff])
}
