// How a card is read when it is held to the reader, as conversations: commands come out, answers go in. Nothing here
// writes to a card, so that a conversation that broke can be begun anew.
import {
  type ErrorReport,
  hex,
  type NdefRecord,
  type NfcCapability,
  type NfcUid,
  report,
} from '@cashdesk/kernel'
import type { Atr } from './atr.ts'
import { classicMessage } from './classic-tag.ts'
import { type Conversation, MAX_READINGS, type Message, TOO_LONG, walkArea } from './conversation.ts'
import {
  CAPABILITY_FILE,
  dataOf,
  getUid,
  isGood,
  isSelected,
  labelOf,
  MAX_NDEF_BYTES,
  NDEF_APPLICATION,
  readFile,
  readStorage,
  selectApplication,
  selectFile,
  TYPE2_READ_BYTES,
  type Wanted,
} from './frames.ts'
import { readNdef } from './ndef.ts'
import { CONTAINER_PAGE, DATA_PAGE, dataAreaBytes, PAGE_BYTES } from './type2.ts'
import { type3Message } from './type3.ts'
import { type5Message } from './type5.ts'

/** What is looked for on every card. */
export interface ReadingPlan {
  /** Is its NDEF message read? */
  readonly ndef: boolean
  /** Applications that are looked for, in this order. */
  readonly applications: readonly Wanted[]
}

export interface Reading {
  readonly uid?: NfcUid
  readonly ndef?: readonly NdefRecord[]
  readonly capabilities: readonly NfcCapability[]
  readonly applications: { readonly [name: string]: boolean }
  readonly trouble?: ErrorReport
}

/** Lengths a UID has: ISO 14443-3 ch. 6.5.4 (4, 7, 10), ISO 15693 and FeliCa (8). */
const UID_BYTES: ReadonlySet<number> = new Set([4, 7, 8, 10])

/** First byte of a 4-byte UID that is made up anew each time (ISO 14443-3 ch. 6.5.4, table 11). */
const RANDOM_UID = 0x08

/** Reads a card whose answer to reset is `atr`. */
export function* readCard(atr: Atr, plan: ReadingPlan): Conversation<Reading> {
  const uid = atr.technology === 'contact' ? undefined : uidOf(yield getUid())
  const message = plan.ndef ? yield* ndefOf(atr) : undefined
  const applications: { [name: string]: boolean } = {}
  const speaks = atr.technology === 'iso-dep' || atr.technology === 'contact' || atr.technology === 'unknown'
  if (speaks) {
    for (const [name, aid, label] of plan.applications) {
      const answer: Uint8Array = yield selectApplication(aid)
      applications[name] = isSelected(answer) && (label === undefined || labelOf(answer) === label)
    }
  }
  const content = message !== undefined && 'bytes' in message ? readNdef(message.bytes) : undefined
  const ndef = content?.records
  const damage =
    message !== undefined && 'damage' in message
      ? message.damage
      : content?.problem && `${content.problem.what}, at byte ${content.problem.offset} of the message`
  const trouble = troubleOf(uid, ndef, applications, damage)
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(ndef === undefined ? {} : { ndef }),
    capabilities: capabilitiesOf(atr, uid, ndef),
    applications,
    ...(trouble === undefined ? {} : { trouble }),
  }
}

function capabilitiesOf(
  { technology }: Atr,
  uid: NfcUid | undefined,
  ndef: readonly NdefRecord[] | undefined,
): readonly NfcCapability[] {
  const speaks = technology === 'iso-dep' || technology === 'contact'
  return [
    ...(uid === undefined ? [] : ['uid' as const]),
    ...(ndef === undefined ? [] : ['ndef' as const]),
    ...(technology === 'type-2' ? ['memory' as const] : []),
    ...(technology === 'mifare-classic' ? ['keys' as const] : []),
    ...(speaks ? ['applications' as const] : []),
  ]
}

function troubleOf(
  uid: NfcUid | undefined,
  ndef: readonly NdefRecord[] | undefined,
  applications: { readonly [name: string]: boolean },
  damage: string | undefined,
): ErrorReport | undefined {
  if (damage !== undefined) return report('nfc.unreadable', { reason: damage })
  const known = uid !== undefined && uid.origin !== 'random'
  const told = (ndef ?? []).length > 0 || Object.values(applications).includes(true)
  return known || told ? undefined : report('nfc.nothing-readable')
}

/** The UID in the answer to GET DATA; undefined where the card tells none. */
function uidOf(answer: Uint8Array): NfcUid | undefined {
  const uid = dataOf(answer)
  if (!isGood(answer) || !UID_BYTES.has(uid.length)) return undefined
  const origin = uid.length > 4 ? 'fixed' : uid[0] === RANDOM_UID ? 'random' : 'shared'
  return { hex: hex(uid).toUpperCase(), origin }
}

function* ndefOf({ technology }: Atr): Conversation<Message> {
  if (technology === 'type-2') return yield* type2Message()
  if (technology === 'iso-dep' || technology === 'unknown') return yield* type4Message()
  if (technology === 'mifare-classic') return yield* classicMessage()
  if (technology === 'iso-15693') return yield* type5Message()
  if (technology === 'felica') return yield* type3Message()
  return undefined
}

// ── Type 2 ──────────────────────────────────────────────────────────────────────────────────────────────

function* type2Message(): Conversation<Message> {
  // Some readers read one page at a time and no more.
  let step = TYPE2_READ_BYTES
  let answer: Uint8Array = yield readStorage(CONTAINER_PAGE, step)
  if (!isGood(answer) || dataOf(answer).length < PAGE_BYTES) {
    step = PAGE_BYTES
    answer = yield readStorage(CONTAINER_PAGE, step)
    if (!isGood(answer) || dataOf(answer).length < PAGE_BYTES) return undefined
  }
  const size = dataAreaBytes(dataOf(answer))
  if (size === undefined) return undefined
  return yield* walkArea(dataOf(answer).slice(PAGE_BYTES), size, function* (at) {
    const page = DATA_PAGE + Math.floor(at / PAGE_BYTES)
    // Behind the last page a tag begins again at the first: no more is asked for than there is.
    const part: Uint8Array = yield readStorage(page, Math.max(PAGE_BYTES, Math.min(step, size - at)))
    const bytes = dataOf(part)
    return isGood(part) && bytes.length >= PAGE_BYTES ? bytes : `page ${page} cannot be read`
  })
}

// ── Type 4 ──────────────────────────────────────────────────────────────────────────────────────────────

/** File control block of the message's file: tag 04, 6 bytes: id, largest size, access (T4T 2.0 ch. 5.1.2.1). */
const NDEF_FILE_CONTROL = 0x04
const CONTAINER_BYTES = 15
const FREE_ACCESS = 0x00
/** What one READ BINARY asks for at most, whatever the tag grants: short length, status word within a frame. */
const MOST_READ_BYTES = 253

function* type4Message(): Conversation<Message> {
  if (!isGood(yield selectApplication(NDEF_APPLICATION))) return undefined
  if (!isGood(yield selectFile(CAPABILITY_FILE))) return { damage: 'the capability file cannot be selected' }
  const answer: Uint8Array = yield readFile(0, CONTAINER_BYTES)
  const container = dataOf(answer)
  if (!isGood(answer) || container.length < CONTAINER_BYTES)
    return { damage: 'the capability file is too short' }
  const file = fileOf(container)
  if (typeof file === 'string') return { damage: file }
  if (!isGood(yield selectFile(file.id))) return { damage: 'the file of the message cannot be selected' }
  const head: Uint8Array = yield readFile(0, 2)
  if (!isGood(head) || head.length !== 4) return { damage: 'the length of the message cannot be read' }
  const length = word(head, 0)
  if (length + 2 > Math.min(file.size, MAX_NDEF_BYTES))
    return { damage: 'the message is longer than its file' }
  const most = Math.min(file.readBytes, MOST_READ_BYTES)
  const bytes = new Uint8Array(length)
  for (let [at, readings] = [0, 0]; at < length; readings += 1) {
    if (readings === MAX_READINGS) return { damage: TOO_LONG }
    const wanted = Math.min(length - at, most)
    const part: Uint8Array = yield readFile(at + 2, wanted)
    const data = dataOf(part)
    if (!isGood(part) || data.length === 0) return { damage: `the message ends after ${at} bytes` }
    bytes.set(data.subarray(0, length - at), at)
    at += data.length
  }
  return { bytes }
}

/** What the capability container says of the message's file; a text if nothing may be read. */
function fileOf(
  container: Uint8Array,
): { readonly id: number; readonly size: number; readonly readBytes: number } | string {
  const version = (container[2] ?? 0) >> 4
  if (version < 1 || version > 3) return 'the capability file is of an unknown version'
  const readBytes = word(container, 3)
  if (readBytes < 1) return 'the tag grants no bytes a reading'
  if (container[7] !== NDEF_FILE_CONTROL || container[8] !== 6) return 'the capability file names no message'
  if (container[13] !== FREE_ACCESS) return 'the message may not be read freely'
  return { id: word(container, 9), size: word(container, 11), readBytes }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
}
