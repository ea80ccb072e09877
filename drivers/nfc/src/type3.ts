// The NDEF message of a FeliCa (NFC Forum, Type 3 Tag 1.0), read through the commands that readers with a FeliCa driver offer:
// select a service, read its blocks (PC/SC part 3, supplement; Sony's readers). Other readers answer that they cannot.
import { type Conversation, MAX_READINGS, type Message, TOO_LONG } from './conversation.ts'
import { dataOf, isGood, MAX_NDEF_BYTES, readStorage, selectService } from './frames.ts'

const BLOCK_BYTES = 16
/** The service that everybody may read. */
const NDEF_SERVICE = 0x000b
/** A card asks for a new version of this only if it cannot be read as before. */
const MAJOR_VERSION = 1

/** Attributes of block 0 (ch. 6.1). */
const ATTRIBUTE = { version: 0, blocks: 3, writing: 9, length: 11, check: 14 } as const

export function* type3Message(): Conversation<Message> {
  if (!isGood(yield selectService(NDEF_SERVICE))) return undefined
  const attributes = yield* block(0)
  if (attributes === undefined) return undefined
  const at = (place: number): number => attributes[place] ?? 0
  const sum = attributes.subarray(0, ATTRIBUTE.check).reduce((total, byte) => total + byte, 0)
  if (sum !== at(ATTRIBUTE.check) * 256 + at(ATTRIBUTE.check + 1)) return undefined
  if (at(ATTRIBUTE.version) >> 4 !== MAJOR_VERSION)
    return { damage: 'the attributes are of an unknown version' }
  if (at(ATTRIBUTE.writing) !== 0) return { damage: 'the message was left half written' }
  const length = at(ATTRIBUTE.length) * 65_536 + at(ATTRIBUTE.length + 1) * 256 + at(ATTRIBUTE.length + 2)
  const room = (at(ATTRIBUTE.blocks) * 256 + at(ATTRIBUTE.blocks + 1)) * BLOCK_BYTES
  if (length > Math.min(room, MAX_NDEF_BYTES)) return { damage: 'the message is longer than its memory' }
  if (length > MAX_READINGS * BLOCK_BYTES) return { damage: TOO_LONG }
  const bytes = new Uint8Array(length)
  for (let from = 0; from < length; from += BLOCK_BYTES) {
    const part = yield* block(1 + from / BLOCK_BYTES)
    if (part === undefined) return { damage: `the message ends after ${from} bytes` }
    bytes.set(part.subarray(0, length - from), from)
  }
  return { bytes }
}

function* block(number: number): Conversation<Uint8Array | undefined> {
  const answer: Uint8Array = yield readStorage(number, 0)
  return isGood(answer) && dataOf(answer).length === BLOCK_BYTES ? dataOf(answer) : undefined
}
