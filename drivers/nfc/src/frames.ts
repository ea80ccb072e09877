// What is said to a card, as tables: the commands of PC/SC part 3 (class FF, answered by the reader), those of
// ISO/IEC 7816-4 (answered by the card), the names of applications, status words and limits.
import { concatBytes, fromHex } from '@cashdesk/kernel'

/** Commands that the reader itself answers for cards that know no APDU (PC/SC part 3, ch. 3.2.2). */
const READER_CLASS = 0xff
const GET_DATA = 0xca
const LOAD_KEY = 0x82
const AUTHENTICATE = 0x86
const READ_BINARY = 0xb0
const UPDATE_BINARY = 0xd6
const SELECT = 0xa4

/** Tags of what SELECT answers. */
const FILE_CONTROL = 0x6f
const LABEL = 0x50

/** The NDEF application of a Type 4 tag, and the file that says where its message lies (NFC Forum, T4T ch. 5). */
export const NDEF_APPLICATION = 'D2760000850101'
export const CAPABILITY_FILE = 0xe103

/** An application that is looked for: its name to the till, its AID in hexadecimal, and the label by which it must answer. */
export type Wanted = readonly [name: string, aid: string, label?: string]

/**
 * Wallet passes. Their data is encrypted for a contract partner of Apple or Google, so that a till can find out that
 * a phone offers them, and no more: `OSE.VAS.01`, and Smart Tap 2. Android phones answer to `OSE.VAS.01`, too (Google, Smart Tap
 * data flow): there the label alone says whose passes these are.
 */
export const WALLETS: readonly Wanted[] = [
  ['apple-vas', '4F53452E5641532E3031', 'ApplePay'],
  ['google-smart-tap', 'A000000476D0000111'],
]

/** Bytes that one READ BINARY asks for: every reader grants them, and a Type 2 tag gives four pages at a time. */
export const TYPE2_READ_BYTES = 16

/** The largest message that is read. The largest common tag (NTAG216) holds 888 bytes, Type 4 tags up to 32 KiB. */
export const MAX_NDEF_BYTES: number = 32 * 1024

/** Application identifiers are 5 to 16 bytes (ISO/IEC 7816-4 ch. 8.2.1.2). */
export const AID: RegExp = /^(?:[0-9A-Fa-f]{2}){5,16}$/

/** Longest command and answer with extended length: header, 3 + 65535 + 3 bytes; 65536 and the status word. */
export const MAX_APDU_BYTES = 65_545

export function getUid(): Uint8Array {
  return Uint8Array.of(READER_CLASS, GET_DATA, 0x00, 0x00, 0x00)
}

/** Reads `length` bytes of a storage card from a page or block. */
export function readStorage(page: number, length: number): Uint8Array {
  return Uint8Array.of(READER_CLASS, READ_BINARY, page >> 8, page & 0xff, length)
}

/** Selects one service of a FeliCa for the reading of its blocks; readers without a FeliCa driver answer with an error. */
export function selectService(code: number): Uint8Array {
  return Uint8Array.of(READER_CLASS, SELECT, 0x00, 0x01, 0x02, code & 0xff, code >> 8)
}

/** Writes whole pages (4 bytes) or blocks (16 bytes) of a storage card. */
export function writeStorage(page: number, data: Uint8Array): Uint8Array {
  return concatBytes([READER_CLASS, UPDATE_BINARY, page >> 8, page & 0xff, data.length], data)
}

/** Puts a key into the reader's volatile memory. Contains the key: never log it. */
export function loadKey(slot: number, key: Uint8Array): Uint8Array {
  return concatBytes([READER_CLASS, LOAD_KEY, 0x00, slot, key.length], key)
}

/** Opens the sector of `block` with the key in `slot` (version 1 of the structure, PC/SC part 3 ch. 3.2.2.1.6). */
export function authenticate(block: number, keyType: 'A' | 'B', slot: number): Uint8Array {
  const type = keyType === 'A' ? 0x60 : 0x61
  return Uint8Array.of(
    READER_CLASS,
    AUTHENTICATE,
    0x00,
    0x00,
    0x05,
    0x01,
    block >> 8,
    block & 0xff,
    type,
    slot,
  )
}

/** SELECT by name, first occurrence, with file control information. `aid` in hexadecimal. */
export function selectApplication(aid: string): Uint8Array {
  const name = fromHex(aid)
  return concatBytes([0x00, SELECT, 0x04, 0x00, name.length], name, [0x00])
}

/** SELECT an elementary file under the selected application, no answer data wanted. */
export function selectFile(id: number): Uint8Array {
  return Uint8Array.of(0x00, SELECT, 0x00, 0x0c, 0x02, id >> 8, id & 0xff)
}

/** Reads from the selected file; offsets up to 32767 (the first bit of P1 means something else). */
export function readFile(offset: number, length: number): Uint8Array {
  return Uint8Array.of(0x00, READ_BINARY, (offset >> 8) & 0x7f, offset & 0xff, length & 0xff)
}

/**
 * The application label (tag 50) in the answer to SELECT: inside the file control information (6F), beside other data objects
 * (ISO/IEC 7816-4 ch. 7.4.3).
 */
export function labelOf(answer: Uint8Array): string | undefined {
  let bytes = dataOf(answer)
  if (bytes[0] === FILE_CONTROL) bytes = bytes.subarray(bytes[1] === 0x81 ? 3 : 2)
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0
    const tagBytes = (first & 0x1f) === 0x1f ? 2 : 1
    const lengthAt = at + tagBytes + (bytes[at + tagBytes] === 0x81 ? 1 : 0)
    const value = bytes.subarray(lengthAt + 1, lengthAt + 1 + (bytes[lengthAt] ?? 0))
    if (first === LABEL) return String.fromCharCode(...value)
    at = lengthAt + 1 + value.length
  }
  return undefined
}

/** An answer's last two bytes; 0 where it has none. */
export function statusWord(answer: Uint8Array): number {
  if (answer.length < 2) return 0
  return ((answer[answer.length - 2] ?? 0) << 8) | (answer[answer.length - 1] ?? 0)
}

export function dataOf(answer: Uint8Array): Uint8Array {
  return answer.subarray(0, Math.max(0, answer.length - 2))
}

/** An application was selected. A contact card under T=0 says 61 xx: what it has to say waits (ISO/IEC 7816-4 ch. 5.6). */
export function isSelected(answer: Uint8Array): boolean {
  return isGood(answer) || statusWord(answer) >> 8 === 0x61
}

/** 90 00; and 91 xx, by which DESFire cards say that they are content or will go on. */
export function isGood(answer: Uint8Array): boolean {
  const word = statusWord(answer)
  return word === 0x9000 || word >> 8 === 0x91
}
