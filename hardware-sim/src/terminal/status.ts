// 04 0F: what the terminal says of one transaction, and of the manner in which the customer paid.
import type { BookEntry } from './books.ts'
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
    [BMP.amount, bcd(entry.amountMinor, 6)],
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
    [BMP.paymentType, Buffer.from([0x70])],
    [BMP.pan, packPan(entry.card.maskedPan.replaceAll('*', 'E'))],
    [BMP.sequence, bcd(0, 2)],
    [BMP.cardType, Buffer.from([entry.card.type])],
    [BMP.cardName, Buffer.from(`${entry.card.name}\0`, 'latin1')],
    [BMP.authorisation, Buffer.from(entry.authorisation.padEnd(8, '\0'), 'latin1')],
    [BMP.contract, Buffer.from('100764992      ', 'latin1')],
    ...(tlv === undefined ? [] : ([[BMP.tlv, tlv]] satisfies Field[])),
  ]
}

/** Nothing for a card with its PIN: that is the plain payment. */
function mannerTlv({ manner, amountMinor }: BookEntry, till: Till): TlvObject[] {
  if (manner === undefined) return []
  const type = writeTlv([
    [
      TAG.cardholderCheck,
      Buffer.from([manner.check === 'signature' ? 0x01 : manner.check === 'none' ? 0 : 2]),
    ],
    [TAG.online, Buffer.from([0x01])],
    [TAG.technology, Buffer.from([manner.contactless ? 0x02 : 0x01])],
  ])
  const amount = (kind: number, currency: Buffer, minor: number): TlvObject => [
    TAG.amountInformation,
    writeTlv([
      [TAG.amountKind, Buffer.from([kind])],
      [TAG.decimals, Buffer.from([2])],
      [TAG.infoAmount, bcd(minor, 6)],
      [TAG.infoCurrency, currency],
    ]),
  ]
  const { foreign, tipMinor } = manner
  return [
    [TAG.paymentType, type],
    ...(tipMinor === undefined ? [] : ([[TAG.tip, bcd(tipMinor, 6)]] satisfies TlvObject[])),
    ...(foreign === undefined
      ? []
      : ([
          [
            TAG.dcc,
            writeTlv([
              amount(0x01, till.currency, amountMinor),
              amount(0x03, bcd(foreign.currency, 2), foreign.amountMinor),
            ]),
          ],
        ] satisfies TlvObject[])),
  ]
}

function bigEndian(receipt: number): Buffer {
  return Buffer.from([receipt >> 8, receipt & 0xff])
}
