// What the terminal wants on paper (06 D1, 06 D3) and on the screen (04 FF), as lines and sentences.
import { findTlv, readTlvLength, readTlvs, type TerminalPrintLine, type Tlv } from '@cashdesk/kernel'
import { readBmps } from './apdu.ts'
import { type Charset, decodeText } from './charset.ts'
import { ATTRIBUTE, BMP, intermediateText, TAG } from './frames.ts'

export type ReceiptKind = TerminalPrintLine['receipt']

/** Empty lines that one command may ask for: more is no receipt. */
const MAX_FEEDS = 32

export interface Printed {
  readonly lines: readonly TerminalPrintLine[]
  /** The receipt ends here: what follows is another one. */
  readonly last: boolean
}

/** Bits 80 and FF apart, `1xxx xxxx` marks the last line of a receipt. */
function isLast(attribute: number): boolean {
  return attribute > ATTRIBUTE.last && attribute !== ATTRIBUTE.feeds
}

function line(receipt: ReceiptKind, attribute: number, text: string): TerminalPrintLine {
  if (attribute === ATTRIBUTE.last) return { receipt, text }
  return {
    receipt,
    text: ' '.repeat(attribute & ATTRIBUTE.indent) + text,
    ...((attribute & ATTRIBUTE.centred) !== 0 && { align: 'center' as const }),
    ...((attribute & ATTRIBUTE.doubleWidth) !== 0 && { doubleWidth: true }),
    ...((attribute & ATTRIBUTE.doubleHeight) !== 0 && { doubleHeight: true }),
  }
}

function feeds(receipt: ReceiptKind, count: number): readonly TerminalPrintLine[] {
  return Array.from({ length: Math.min(count, MAX_FEEDS) }, () => ({ receipt, text: '' }))
}

/** 06 D1: one line, or some line feeds. */
export function readPrintLine(data: Uint8Array, receipt: ReceiptKind, charset: Charset): Printed {
  const [attribute = 0, count = 1] = data
  if (attribute === ATTRIBUTE.feeds) return { lines: feeds(receipt, count), last: false }
  const text = decodeText(data.subarray(1), charset)
  return { lines: [line(receipt, attribute, text)], last: isLast(attribute) }
}

const RECEIPT_KINDS: { readonly [code: number]: ReceiptKind } = { 1: 'merchant', 2: 'customer', 3: 'admin' }

/** 06 D3: a block of lines; an attribute holds until the next one. */
export function readPrintBlock(data: Uint8Array, fallback: ReceiptKind, charset: Charset): Printed {
  const { tlvs } = readBmps(data)
  const kind = RECEIPT_KINDS[findTlv(tlvs, TAG.receiptType)?.[0] ?? 0] ?? fallback
  const lines: TerminalPrintLine[] = []
  let last = false
  for (const container of tlvs.filter(tlv => tlv.tag === TAG.printTexts)) {
    let attribute = 0
    for (const item of readTlvs(container.value).items) {
      if (item.tag === TAG.attribute) {
        attribute = item.value[0] ?? 0
        last = last || isLast(attribute)
        if (attribute === ATTRIBUTE.feeds) lines.push(...feeds(kind, 1))
        if (attribute === ATTRIBUTE.feeds || isLast(attribute)) attribute = 0
      } else if (item.tag === TAG.text) {
        lines.push(line(kind, attribute, decodeText(item.value, charset)))
      }
    }
  }
  return { lines, last }
}

/** 04 FF: what to show, and the new T4 in minutes if the terminal sets one. */
export function readIntermediate(
  data: Uint8Array,
  charset: Charset,
): { readonly text: string; readonly status: number; readonly minutes?: number } {
  const status = data[0] ?? 0xff
  const bcd = data[1]
  const minutes = bcd !== undefined && (bcd & 0x0f) <= 9 && bcd >> 4 <= 9 ? (bcd >> 4) * 10 + (bcd & 0x0f) : 0
  const size = data[2] === BMP.tlv ? readTlvLength(data, 3) : undefined
  // Some terminals leave the minutes out and put the container right behind the status.
  const early = size === undefined && data[1] === BMP.tlv ? readTlvLength(data, 2) : undefined
  const from = size?.next ?? early?.next
  const tlvs: readonly Tlv[] = from === undefined ? [] : readTlvs(data.subarray(from)).items
  const own = findTlv(tlvs, TAG.displayTexts)
  const texts = readTlvs(own ?? new Uint8Array(0)).items.filter(item => item.tag === TAG.text)
  const text = texts.map(item => decodeText(item.value, charset).trim()).join('\n')
  return {
    status,
    text: text === '' ? intermediateText(status) : text,
    ...(minutes > 0 && early === undefined && { minutes }),
  }
}
