// ISO 15693 tags and FeliCas as readers with drivers for them present these: blocks are read by the commands of a storage card,
// and a FeliCa's service is selected first (PC/SC part 3 and its supplement).
import { CashdeskError } from '@cashdesk/kernel'
import type { SimulatedCard } from './cards.ts'
import { ndefMessage, type TagRecord } from './ndef.ts'
import { OK, storageAtr, uidAnswer, uidOf } from './storage.ts'

interface Presented {
  readonly kind: string
  readonly atr: Uint8Array
  readonly uid: Buffer
  readonly power?: () => void
  /** Selects a service; absent: the card has none. */
  readonly select?: (service: number) => boolean
  /** `wanted` 0: what one block has. Undefined: the reader gives it not. */
  readonly read: (block: number, wanted: number) => Uint8Array | undefined
  readonly shown: { readonly [name: string]: string | number }
}

export interface VicinityOptions {
  /** Eight bytes in hexadecimal. */
  readonly uid: string
  readonly ndef?: readonly TagRecord[]
  /** The message's bytes as they are, for damaged tags. */
  readonly raw?: Uint8Array
  /** Blocks of four bytes; default 28, as ICODE SLIX has them. */
  readonly blocks?: number
  /** The reader gives one block at a time. Default false. */
  readonly single?: boolean
}

/** An ISO 15693 tag, formatted as NFC Forum Type 5 if it is given a message. @throws CashdeskError `sim.usage` */
export function vicinity(options: VicinityOptions): SimulatedCard {
  const { blocks = 28, single = false } = options
  const memory = Buffer.alloc(blocks * 4)
  const message = options.raw ?? (options.ndef && ndefMessage(options.ndef))
  if (message !== undefined) {
    const units = memory.length / 8
    const container =
      units < 256 ? [0xe1, 0x40, units, 0x01] : [0xe2, 0x40, 0, 1, 0, 0, units >> 8, units & 0xff]
    const length =
      message.length < 255 ? [message.length] : [0xff, message.length >> 8, message.length & 0xff]
    const bytes = [...container, 0x03, ...length, ...message, 0xfe]
    if (bytes.length > memory.length)
      throw new CashdeskError('sim.usage', { bytes: bytes.length, fits: memory.length })
    memory.set(bytes)
  }
  return presented({
    kind: 'iso-15693',
    atr: storageAtr(0x0b, 0x0014),
    uid: uidOf(options.uid, 8),
    read: (block, wanted) => {
      if (wanted === 0 || wanted > (single ? 4 : 64)) return undefined
      const bytes = memory.subarray(block * 4, block * 4 + wanted)
      return bytes.length < wanted ? undefined : bytes
    },
    shown: { blocks },
  })
}

export interface FelicaOptions {
  /** Eight bytes in hexadecimal. */
  readonly uid: string
  readonly ndef?: readonly TagRecord[]
  readonly raw?: Uint8Array
  /** Has the reader a FeliCa driver? Default true. */
  readonly driver?: boolean
  /** A byte of the attributes that is other than it should be, for damaged tags: place and value. */
  readonly bent?: readonly [place: number, value: number]
}

const MESSAGE_SERVICE = 0x000b

/** A FeliCa, with the NDEF service if it is given a message. */
export function felica(options: FelicaOptions): SimulatedCard {
  const message = options.raw ?? (options.ndef && ndefMessage(options.ndef))
  const room = 64
  const memory = Buffer.alloc((room + 1) * 16)
  if (message !== undefined) {
    memory.set([0x10, 4, 1, 0, room, 0, 0, 0, 0, 0, 1, 0, message.length >> 8, message.length & 0xff])
    memory.writeUInt16BE(
      memory.subarray(0, 14).reduce((sum, byte) => sum + byte, 0),
      14,
    )
    if (options.bent !== undefined) {
      memory[options.bent[0]] = options.bent[1]
      if (options.bent[0] < 14)
        memory.writeUInt16BE(
          memory.subarray(0, 14).reduce((sum, byte) => sum + byte, 0),
          14,
        )
    }
    memory.set(message, 16)
  }
  let selected = false
  return presented({
    kind: 'felica',
    atr: storageAtr(0x11, 0x003b),
    uid: uidOf(options.uid, 8),
    power: () => {
      selected = false
    },
    ...(options.driver === false
      ? {}
      : {
          select: (service: number) => {
            selected = message !== undefined && service === MESSAGE_SERVICE
            return selected
          },
        }),
    read: block => (selected && block <= room ? memory.subarray(block * 16, block * 16 + 16) : undefined),
    shown: { blocks: room },
  })
}

function answerTo(command: Uint8Array, { uid, select, read }: Presented): Uint8Array {
  const told = uidAnswer(command, uid)
  if (told !== undefined) return told
  const [cla, ins, high = 0, low = 0, length = 0, ...data] = command
  if (cla !== 0xff) return Uint8Array.of(0x6e, 0x00)
  if (ins === 0xa4 && select !== undefined) {
    const service = (data[1] ?? 0) * 256 + (data[0] ?? 0)
    const right = high === 0 && low === 1 && length === 2 && select(service)
    return Uint8Array.from(right ? OK : [0x6a, 0x82])
  }
  if (ins !== 0xb0) return Uint8Array.of(0x6d, 0x00)
  const bytes = read(high * 256 + low, length)
  return Uint8Array.from(bytes === undefined ? [0x63, 0x00] : [...bytes, ...OK])
}

function presented(what: Presented): SimulatedCard {
  return {
    kind: what.kind,
    atr: what.atr,
    power: () => what.power?.(),
    answer: command => answerTo(command, what),
    view: () => ({ uid: what.uid.toString('hex'), ...what.shown }),
  }
}
