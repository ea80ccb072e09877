// Message sequence numbers (TLV 1F73, PA00P015 ch. 5): each command has one and its answer the same, so that an answer
// to something else is none, and a command that comes once more is not carried out twice.
import {
  type Apdu,
  bcd,
  bmpOffset,
  digitsOf,
  readFields,
  readTlv,
  tlvLength,
  writeApdu,
  writeTlv,
} from './codec.ts'
import { BMP, COMMAND, TAG } from './tables.ts'

/** After this 000001 follows again. */
const LAST = 999_999

export class MessageSequence {
  #used = 0
  #command: number | undefined

  /** The number for the terminal's next message. */
  next(): number {
    this.#used = this.#used >= LAST ? 1 : this.#used + 1
    return this.#used
  }

  /** A command of the register has come; false when it is the one before once more. */
  take(number: number | undefined): boolean {
    if (number === undefined) return true
    if (number === this.#command) return false
    this.#command = number
    // What crosses with our own messages is behind them; after the last number the first follows.
    if (number > this.#used || this.#used - number > LAST / 2) this.#used = number
    return true
  }
}

/** The number in a message, if it has one. */
export function numberOf({ control, data }: Apdu): number | undefined {
  const at = bmpOffset(data.subarray(fieldsAt(control, data)), BMP.tlv)
  const fields = at === undefined ? undefined : readFields(data.subarray(fieldsAt(control, data) + at))
  const tlv = fields?.get(BMP.tlv)
  const digits = digitsOf((tlv && readTlv(tlv)?.get(TAG.sequence)) ?? Buffer.alloc(0))
  return digits === undefined || digits === '' ? undefined : Number(digits)
}

/** Whether there is a TLV container in it, and be it an empty one. */
export function hasTlv({ control, data }: Apdu): boolean {
  return bmpOffset(data.subarray(fieldsAt(control, data)), BMP.tlv) !== undefined
}

/** Whether a number can stand in this message: a print line (06 D1) is text to its end. */
export function hasPlace(message: Buffer): boolean {
  return message.readUInt16BE(0) !== COMMAND.printLine
}

/** The same message with a number in its TLV container. */
export function numbered(control: number, data: Buffer, number: number): Buffer {
  const object = writeTlv([[TAG.sequence, bcd(number, 3)]])
  const start = fieldsAt(control, data)
  const at = bmpOffset(data.subarray(start), BMP.tlv)
  const container = at === undefined ? undefined : readFields(data.subarray(start + at))?.get(BMP.tlv)
  const head = at === undefined || container === undefined ? data : data.subarray(0, start + at)
  const content = Buffer.concat([container ?? Buffer.alloc(0), object])
  return writeApdu(control, Buffer.concat([head, Buffer.from([BMP.tlv]), tlvLength(content.length), content]))
}

/** Where the fields of a message begin: some have bytes without a field number in front of them. */
function fieldsAt(control: number, data: Buffer): number {
  switch (control) {
    case COMMAND.intermediate:
    case COMMAND.failed:
    case COMMAND.readCard:
      return Math.min(1, data.length)
    case COMMAND.registration:
      return Math.min(6, data.length)
    case COMMAND.refund:
    case COMMAND.reversal:
    case COMMAND.repeatReceipt:
    case COMMAND.endOfDay:
    case COMMAND.initialisation:
    case COMMAND.statusEnquiry:
    case COMMAND.telephone:
    case COMMAND.setClock:
    case COMMAND.totals:
      return Math.min(3, data.length)
    default:
      return 0
  }
}
