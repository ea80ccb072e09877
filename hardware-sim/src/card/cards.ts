// Cards and phones as a reader presents them: an answer to reset, and an answer to every command. A storage card's
// commands (class FF) are answered by the reader in life; here card and reader are one.
import { CashdeskError } from '@cashdesk/kernel'
import { formatClassic } from './classic-format.ts'
import { ndefMessage, type TagRecord } from './ndef.ts'
import { OK, storageAtr, uidAnswer, uidOf, withCheck } from './storage.ts'

export interface SimulatedCard {
  /** `ntag213`, `phone` … */
  readonly kind: string
  readonly atr: Uint8Array
  /** Power came: what was selected and opened before is forgotten. */
  power(): void
  answer(command: Uint8Array): Uint8Array
  /** What it holds, for people. Without keys. */
  view(): { readonly [name: string]: string | number }
}

const FAILED = [0x63, 0x00]
const WRONG_LENGTH = [0x67, 0x00]
const NOT_OPENED = [0x69, 0x82]
const NOT_FOUND = [0x6a, 0x82]
const WRONG_PARAMETERS = [0x6b, 0x00]
const UNKNOWN_COMMAND = [0x6d, 0x00]
const UNKNOWN_CLASS = [0x6e, 0x00]

// ── Type 2 tags ─────────────────────────────────────────────────────────────────────────────────────────

/** Pages, size byte of the capability container, and what the factory writes in front of the first message. */
const TAGS = {
  ultralight: { pages: 16, size: 0x06, factory: [] },
  ntag213: { pages: 45, size: 0x12, factory: [0x01, 0x03, 0xa0, 0x0c, 0x34] },
  ntag215: { pages: 135, size: 0x3e, factory: [] },
  ntag216: { pages: 231, size: 0x6d, factory: [] },
} as const

export type TagKind = keyof typeof TAGS

export interface TagOptions {
  readonly kind?: TagKind
  /** Seven bytes in hexadecimal. */
  readonly uid: string
  /** Without it the tag is not formatted. */
  readonly ndef?: readonly TagRecord[]
  /** The message's bytes as they are, for damaged tags. */
  readonly raw?: Uint8Array
}

/** An NTAG or MIFARE Ultralight. @throws CashdeskError `sim.usage` for a message that does not fit */
export function tag(options: TagOptions): SimulatedCard {
  const { kind = 'ntag213' } = options
  const { pages, size, factory } = TAGS[kind]
  const uid = uidOf(options.uid, 7)
  const memory = Buffer.alloc(pages * 4)
  memory.set(uid.subarray(0, 3), 0)
  memory[3] = 0x88 ^ (uid[0] ?? 0) ^ (uid[1] ?? 0) ^ (uid[2] ?? 0)
  memory.set(uid.subarray(3), 4)
  const message = options.raw ?? (options.ndef === undefined ? undefined : ndefMessage(options.ndef))
  if (message !== undefined) {
    memory.set([0xe1, 0x10, size, 0x00], 12)
    const length =
      message.length < 255 ? [message.length] : [0xff, message.length >> 8, message.length & 0xff]
    const blocks = [...factory, 0x03, ...length, ...message, 0xfe]
    if (blocks.length > size * 8)
      throw new CashdeskError('sim.usage', { bytes: blocks.length, fits: size * 8 })
    memory.set(blocks, 16)
  }
  const answer = (command: Uint8Array): Uint8Array => {
    const told = uidAnswer(command, uid)
    if (told !== undefined) return told
    const [cla, ins, p1 = 0, p2 = 0, length = 0] = command
    if (cla !== 0xff) return Uint8Array.from(UNKNOWN_CLASS)
    const page = p1 * 256 + p2
    if (page >= pages) return Uint8Array.from(FAILED)
    if (ins === 0xb0) {
      if (length === 0 || length > 16) return Uint8Array.of(0x6c, 0x10)
      // A tag reads round: behind its last page comes its first.
      const bytes = Array.from({ length }, (_, at) => memory[(page * 4 + at) % memory.length] ?? 0)
      return Uint8Array.from([...bytes, ...OK])
    }
    if (ins !== 0xd6) return Uint8Array.from(UNKNOWN_COMMAND)
    if (length !== 4 || command.length !== 9) return Uint8Array.from(WRONG_LENGTH)
    if (page < 4) return Uint8Array.from(FAILED)
    memory.set(command.subarray(5), page * 4)
    return Uint8Array.from(OK)
  }
  return {
    kind,
    atr: storageAtr(0x03, 0x0003),
    power: () => undefined,
    answer,
    view: () => ({ uid: uid.toString('hex'), pages }),
  }
}

// ── MIFARE Classic ──────────────────────────────────────────────────────────────────────────────────────

export interface ClassicOptions {
  readonly size?: '1k' | '4k'
  /** Four bytes in hexadecimal. */
  readonly uid: string
  /** Key A of every sector, 12 digits; default the factory's. Never shown. */
  readonly key?: string
  /** What blocks hold, by number, 32 digits each. */
  readonly blocks?: { readonly [block: number]: string }
  /** Formatted as an NFC tag: a directory and sectors with public keys, from sector 1 on. */
  readonly ndef?: readonly TagRecord[]
  /** The message's bytes as they are, for damaged tags. */
  readonly raw?: Uint8Array
}

/** A MIFARE Classic whose sectors open to one key A, or as an NFC tag to the public ones. */
export function classic(options: ClassicOptions): SimulatedCard {
  const { size = '1k', key = 'ffffffffffff' } = options
  const uid = uidOf(options.uid, 4)
  const count = size === '1k' ? 64 : 256
  const memory = Buffer.alloc(count * 16)
  for (const [block, data] of Object.entries(options.blocks ?? {})) {
    memory.set(Buffer.from(data, 'hex').subarray(0, 16), Number(block) * 16)
  }
  const message = options.raw ?? (options.ndef && ndefMessage(options.ndef))
  const keys = message === undefined ? undefined : formatClassic(memory, message)
  const keyOf = (sector: number): string => keys?.get(sector) ?? key.toLowerCase()
  const slots = new Map<number, string>()
  let open: number | undefined
  const answer = (command: Uint8Array): Uint8Array => {
    const told = uidAnswer(command, uid)
    if (told !== undefined) return told
    const [cla, ins, p1 = 0, p2 = 0, length = 0] = command
    if (cla !== 0xff) return Uint8Array.from(UNKNOWN_CLASS)
    if (ins === 0x82) {
      if (length !== 6 || command.length !== 11) return Uint8Array.from(WRONG_LENGTH)
      slots.set(p2, Buffer.from(command.subarray(5)).toString('hex'))
      return Uint8Array.from(OK)
    }
    if (ins === 0x86) {
      const [version, high = 0, low = 0, type, slot = 0] = command.subarray(5)
      const block = high * 256 + low
      const sector = sectorOf(block)
      const right = version === 1 && type === 0x60 && block < count && slots.get(slot) === keyOf(sector)
      open = right ? sector : undefined
      return Uint8Array.from(right ? OK : FAILED)
    }
    const block = p1 * 256 + p2
    if (block >= count) return Uint8Array.from(WRONG_PARAMETERS)
    if (open !== sectorOf(block)) return Uint8Array.from(NOT_OPENED)
    if (ins === 0xb0) {
      const bytes = memory.subarray(block * 16, block * 16 + Math.min(length === 0 ? 16 : length, 16))
      return Uint8Array.from([...bytes, ...OK])
    }
    if (ins !== 0xd6) return Uint8Array.from(UNKNOWN_COMMAND)
    if (length !== 16 || command.length !== 21) return Uint8Array.from(WRONG_LENGTH)
    memory.set(command.subarray(5), block * 16)
    return Uint8Array.from(OK)
  }
  return {
    kind: `classic-${size}`,
    atr: storageAtr(0x03, size === '1k' ? 0x0001 : 0x0002),
    power: () => {
      open = undefined
    },
    answer,
    view: () => ({ uid: uid.toString('hex'), blocks: count }),
  }
}

/** 32 sectors of 4 blocks, then 8 of 16. */
function sectorOf(block: number): number {
  return block < 128 ? Math.floor(block / 4) : 32 + Math.floor((block - 128) / 16)
}

// ── ISO-DEP: Type 4 tags and phones ─────────────────────────────────────────────────────────────────────

export interface IsoDepOptions {
  /** Four or seven bytes in hexadecimal. */
  readonly uid: string
  readonly ndef?: readonly TagRecord[]
  /** The message file's content (length and message) as it is, for damaged tags. */
  readonly raw?: Uint8Array
  /** Further applications: AID in hexadecimal, and what SELECT answers, without status word. */
  readonly applications?: { readonly [aid: string]: string }
  /** Historical bytes in hexadecimal; default none. */
  readonly historical?: string
  /** Bytes that one READ BINARY yields at most; default 59, as common tags have it. */
  readonly readBytes?: number
}

const NDEF_AID = 'd2760000850101'
const CONTAINER_ID = 0xe103
const MESSAGE_ID = 0xe104

/** A card that speaks ISO 7816 over radio, with the NDEF application if it is given a message. */
export function isoDep(options: IsoDepOptions): SimulatedCard {
  return isoDepCard('iso-dep', options, () => uidOf(options.uid, options.uid.length / 2))
}

export interface PhoneOptions {
  /** Wallet passes or host-emulated cards: AID in hexadecimal, and what SELECT answers. */
  readonly applications?: { readonly [aid: string]: string }
  /** Three bytes for the part of its UID that it makes up. */
  readonly random: (length: number) => Uint8Array
}

/** An Android phone: a fresh UID for every tap, and no application but those it is given. */
export function phone(options: PhoneOptions): SimulatedCard {
  const fresh = (): Buffer => Buffer.from([0x08, ...options.random(3)])
  const { applications = {} } = options
  return isoDepCard('phone', { uid: '08000000', applications }, fresh)
}

function isoDepCard(kind: string, options: IsoDepOptions, freshUid: () => Buffer): SimulatedCard {
  const historical = Buffer.from(options.historical ?? '', 'hex')
  const message = options.raw ?? (options.ndef && lengthed(ndefMessage(options.ndef)))
  const files = new Map<number, Buffer>()
  const readBytes = options.readBytes ?? 59
  if (message !== undefined) {
    const size = Math.max(message.length, 256)
    const container = [0x00, 0x0f, 0x20, readBytes >> 8, readBytes & 0xff, 0x00, 0x34, 0x04, 0x06]
    container.push(MESSAGE_ID >> 8, MESSAGE_ID & 0xff, size >> 8, size & 0xff, 0x00, 0x00)
    files.set(CONTAINER_ID, Buffer.from(container))
    files.set(MESSAGE_ID, Buffer.concat([message, Buffer.alloc(size - message.length)]))
  }
  const applications = new Map(
    Object.entries(options.applications ?? {}).map(([aid, answer]) => [aid.toLowerCase(), answer]),
  )
  if (message !== undefined) applications.set(NDEF_AID, '')
  let uid = freshUid()
  let application = ''
  let file: Buffer | undefined
  const select = (command: Uint8Array): Uint8Array => {
    const data = Buffer.from(command.subarray(5, 5 + (command[4] ?? 0)))
    if (command[2] === 0x04) {
      const found = applications.get(data.toString('hex'))
      if (found === undefined) return Uint8Array.from(NOT_FOUND)
      application = data.toString('hex')
      file = undefined
      return Uint8Array.from([...Buffer.from(found, 'hex'), ...OK])
    }
    file = application === NDEF_AID && data.length === 2 ? files.get(data.readUInt16BE(0)) : undefined
    return Uint8Array.from(file === undefined ? NOT_FOUND : OK)
  }
  const read = (command: Uint8Array): Uint8Array => {
    if (file === undefined) return Uint8Array.of(0x69, 0x86)
    const offset = ((command[2] ?? 0) & 0x7f) * 256 + (command[3] ?? 0)
    if (offset >= file.length) return Uint8Array.from(WRONG_PARAMETERS)
    const wanted = Math.min((command[4] ?? 0) || 256, readBytes)
    return Uint8Array.from([...file.subarray(offset, offset + wanted), ...OK])
  }
  return {
    kind,
    atr: withCheck([0x3b, 0x80 + historical.length, 0x80, 0x01, ...historical]),
    power: () => {
      uid = freshUid()
      application = ''
      file = undefined
    },
    answer: command => {
      const told = uidAnswer(command, uid)
      if (told !== undefined) return told
      if (command[0] !== 0x00) return Uint8Array.from(UNKNOWN_CLASS)
      if (command[1] === 0xa4) return select(command)
      return command[1] === 0xb0 ? read(command) : Uint8Array.from(UNKNOWN_COMMAND)
    },
    view: () => ({ uid: uid.toString('hex'), applications: [...applications.keys()].join(' ') }),
  }
}

/** A message as its file holds it: two bytes of length in front. */
function lengthed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message])
}
