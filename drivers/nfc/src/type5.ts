// The NDEF message of an ISO 15693 tag (NFC Forum, Type 5 Tag 1.0), read through the command by which readers read a storage
// card's blocks. Readers differ in how much they give at once.
import { type Conversation, type Message, walkArea } from './conversation.ts'
import { dataOf, isGood, readStorage } from './frames.ts'

/** Blocks of ICODE, Tag-it and ST25 alike. */
const BLOCK_BYTES = 4
const READ_BYTES = 16
/** The container's first byte: addresses of one byte, or of two. */
const MAGIC = [0xe1, 0xe2] as const
const MAJOR_VERSION = 1
const UNIT_BYTES = 8
const LONG_CONTAINER_BYTES = 8

export function* type5Message(): Conversation<Message> {
  let step = READ_BYTES
  let head = yield* read(0, step)
  if (head === undefined) {
    step = BLOCK_BYTES
    head = yield* read(0, step)
  }
  if (head === undefined || !MAGIC.some(magic => magic === head?.[0])) return undefined
  const [, access = 0, size = 0] = head
  if (access >> 6 !== MAJOR_VERSION) return { damage: 'the container is of an unknown version' }
  if (((access >> 2) & 3) !== 0) return { damage: 'the message may not be read freely' }
  const short = size !== 0
  if (!short && head.length < LONG_CONTAINER_BYTES) {
    const rest = yield* read(1, step)
    if (rest === undefined) return { damage: 'the container is cut off' }
    head = Uint8Array.from([...head, ...rest])
  }
  const units = short ? size : (head[6] ?? 0) * 256 + (head[7] ?? 0)
  const start = short ? BLOCK_BYTES : LONG_CONTAINER_BYTES
  return yield* walkArea(head.slice(start), units * UNIT_BYTES, function* (at) {
    const block = Math.floor((start + at) / BLOCK_BYTES)
    // Behind the last block a tag has nothing: no more is asked for than there is.
    const length = Math.max(BLOCK_BYTES, Math.min(step, units * UNIT_BYTES - at))
    return (yield* read(block, length)) ?? `block ${block} cannot be read`
  })
}

/** Whole blocks, or undefined where the reader does not give them. */
function* read(block: number, length: number): Conversation<Uint8Array | undefined> {
  const answer: Uint8Array = yield readStorage(block, length)
  const bytes = dataOf(answer)
  if (!isGood(answer) || bytes.length < BLOCK_BYTES) return undefined
  return bytes.subarray(0, bytes.length - (bytes.length % BLOCK_BYTES))
}
