// The NDEF message of a MIFARE Classic: its directory says which sectors hold it, and both open to keys that everybody knows
// (NXP AN10787, MIFARE application directory; AN1305, MIFARE Classic as NFC tag).
import { type Conversation, type Message, walkArea } from './conversation.ts'
import { dataOf, isGood, readStorage } from './frames.ts'
import { openBlock } from './mifare.ts'

const BLOCK_BYTES = 16
/** Public: keys A of the directory, and of sectors that hold a message. They keep nobody out, and are no secret. */
const DIRECTORY_KEY = Uint8Array.of(0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5)
const MESSAGE_KEY = Uint8Array.of(0xd3, 0xf7, 0xd3, 0xf7, 0xd3, 0xf7)
/** The application NFC, cluster E1, as the directory writes it. */
const NFC_APPLICATION = [0x03, 0xe1] as const

/** The general purpose byte of sector 0 stands behind key A and the access bits. */
const GENERAL_BYTE = 9
const HAS_DIRECTORY = 0x80
const VERSION_BITS = 0x03

/** Sectors of four blocks, and behind them those of sixteen; the last block of each holds its keys. */
const SMALL_SECTORS = 32
const SECOND_DIRECTORY = 16

/** The message, or none where the card has no directory, or one that opens to other keys. */
export function* classicMessage(): Conversation<Message> {
  if (!(yield* opened(0, DIRECTORY_KEY))) return undefined
  const first = yield* blocks([1, 2])
  const general = (yield* blocks([3]))?.[GENERAL_BYTE] ?? 0
  if (first === undefined || (general & HAS_DIRECTORY) === 0) return undefined
  const sectors = sectorsIn(first, 1)
  if (sectors === undefined) return { damage: 'the check of the directory is wrong' }
  if ((general & VERSION_BITS) === 2 && (yield* opened(SECOND_DIRECTORY, DIRECTORY_KEY))) {
    const start = firstBlock(SECOND_DIRECTORY)
    const second = yield* blocks([start, start + 1, start + 2])
    const more = second && sectorsIn(second, SECOND_DIRECTORY + 1)
    if (more === undefined) return { damage: 'the check of the second directory is wrong' }
    sectors.push(...more)
  }
  if (sectors.length === 0) return undefined
  return yield* messageIn(sectors.flatMap(dataBlocks))
}

/** The blocks of its sectors, one behind the other, are one area. */
function* messageIn(places: readonly number[]): Conversation<Message> {
  let open: number | undefined
  return yield* walkArea(new Uint8Array(0), places.length * BLOCK_BYTES, function* (at) {
    const block = places[at / BLOCK_BYTES] ?? 0
    const sector = sectorOf(block)
    if (sector !== open && !(yield* opened(sector, MESSAGE_KEY))) return `sector ${sector} does not open`
    open = sector
    return (yield* blocks([block])) ?? `block ${block} cannot be read`
  })
}

function* opened(sector: number, key: Uint8Array): Conversation<boolean> {
  for (const command of openBlock(firstBlock(sector), { type: 'A', key })) {
    if (!isGood(yield command)) return false
  }
  return true
}

function* blocks(numbers: readonly number[]): Conversation<Uint8Array | undefined> {
  const bytes = new Uint8Array(numbers.length * BLOCK_BYTES)
  for (const [index, number] of numbers.entries()) {
    const answer: Uint8Array = yield readStorage(number, BLOCK_BYTES)
    if (!isGood(answer) || dataOf(answer).length !== BLOCK_BYTES) return undefined
    bytes.set(dataOf(answer), index * BLOCK_BYTES)
  }
  return bytes
}

/** Sectors that belong to the message, from `first` on; undefined where the directory's check is wrong. */
function sectorsIn(directory: Uint8Array, first: number): number[] | undefined {
  if (directory[0] !== directoryCheck(directory.subarray(1))) return undefined
  const sectors: number[] = []
  for (let at = 2; at < directory.length; at += 2) {
    const [low, high] = NFC_APPLICATION
    if (directory[at] === low && directory[at + 1] === high) sectors.push(first + at / 2 - 1)
  }
  return sectors
}

/** CRC-8 of x⁸+x⁴+x³+x²+1, preset C7 (AN10787 ch. 3.7). */
export function directoryCheck(bytes: Uint8Array): number {
  let check = 0xc7
  for (const byte of bytes) {
    check ^= byte
    for (let bit = 0; bit < 8; bit += 1) check = (check << 1) ^ ((check & 0x80) === 0 ? 0 : 0x11d)
  }
  return check
}

function firstBlock(sector: number): number {
  return sector < SMALL_SECTORS ? sector * 4 : SMALL_SECTORS * 4 + (sector - SMALL_SECTORS) * 16
}

function sectorOf(block: number): number {
  const small = SMALL_SECTORS * 4
  return block < small ? Math.floor(block / 4) : SMALL_SECTORS + Math.floor((block - small) / 16)
}

function dataBlocks(sector: number): readonly number[] {
  const start = firstBlock(sector)
  return Array.from({ length: sector < SMALL_SECTORS ? 3 : 15 }, (_, index) => start + index)
}
