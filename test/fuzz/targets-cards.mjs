// Cards: answers to reset, NDEF messages, the memory of a tag, and a whole reading of a card that answers anything.
import { readAtr } from '../../drivers/nfc/dist/atr.js'
import { readNdef } from '../../drivers/nfc/dist/ndef.js'
import { readCard } from '../../drivers/nfc/dist/reading.js'
import { dataAreaBytes, findMessage } from '../../drivers/nfc/dist/type2.js'
import { classic, isoDep, tag } from '../../hardware-sim/dist/card/index.js'
import { atr, ndef } from './grammar.mjs'
import { bytesOf } from './inputs.mjs'

/** MIFARE Classic 1K, Ultralight, an ISO-DEP card, a bank card with contacts, FeliCa. */
const ATRS = [
  '3b8f8001804f0ca000000306030001000000006a',
  '3b8f8001804f0ca0000003060300030000000068',
  '3b8180018080',
  '3b6800000073c84012009000',
  '3b8f8001804f0ca00000030611003b0000000042',
].map(bytesOf)

const TEXT = bytesOf('d1010754 02656e61626364')
const MESSAGES = [
  TEXT,
  bytesOf('d1010a55 04612e6578616d706c65'),
  bytesOf('91010754 02656e61626364 51010555 04612e6263'),
  // chunked, and a smart poster with two records inside
  bytesOf('b6010355 046162 56000363 6465'),
  bytesOf('d1021453 70 91010555 04612e6263 51010754 02656e61626364'),
]
const TAGS = [
  bytesOf('030e d1010a55 04612e6578616d706c65 fe'),
  bytesOf('0103a00c34 030b d1010754 02656e61626364 fe'),
  bytesOf('03ff0100'.padEnd(520, 'd1')),
]

const once = (read, proves) => () => ({ take: read, rest: () => undefined, proves, holds: () => 0 })

/** Enough for a tag of any size; a reading that asks for more does not end. */
const MOST_COMMANDS = 4_000

/** A card whose answers are pieces of the input, over and over: how many commands the reader sends it. */
function conversation(bytes) {
  if (bytes.length === 0) return 0
  const at = index => bytes[index % bytes.length] ?? 0
  const talk = readCard(readAtr(ATRS[at(0) % ATRS.length]), {
    ndef: true,
    applications: [['loyalty', 'D2760000850101', 'loyalty']],
  })
  let commands = 0
  let from = 0
  for (let step = talk.next(); step.done !== true && commands <= MOST_COMMANDS; commands += 1) {
    const length = 2 + (at(from) % 20)
    const answer = Uint8Array.from({ length }, (_, index) => at(from + index))
    // Mostly a good end, or no reading would get far.
    if (at(from + 1) % 4 > 0) answer.set([0x90, 0x00], length - 2)
    from += length
    step = talk.next(answer)
  }
  return commands
}

const RECORDS = [{ text: 'abc' }, { uri: 'https://example.org/a/long/address' }]
const UID = '04a1b2c3d4e580'
/** Nothing that a reader sends here writes, so each of them serves for all inputs. */
const CARDS = [
  tag({ uid: UID, ndef: RECORDS }),
  classic({ uid: '01020304', ndef: RECORDS }),
  isoDep({ uid: UID, ndef: RECORDS, applications: { d2760000850102: '6f0a8408d276000085010200' } }),
]
const PLAN = { ndef: true, applications: [['shop', 'D2760000850102', 'shop']] }

/** A card that answers rightly but where the input says: pairs of which answer, and what becomes of it. */
function disturbed(bytes) {
  const [which = 0] = bytes
  const card = CARDS[which % CARDS.length]
  const wrongs = new Map()
  for (let at = 1; at + 1 < bytes.length; at += 2) wrongs.set(bytes[at] & 0x3f, bytes[at + 1])
  card.power()
  const talk = readCard(readAtr(card.atr), PLAN)
  let commands = 0
  let step = talk.next()
  for (; step.done !== true && commands <= MOST_COMMANDS; commands += 1) {
    const answer = Uint8Array.from(card.answer(step.value))
    step = talk.next(spoilt(answer, wrongs.get(commands & 0x3f)))
  }
  return { commands, reading: step.value }
}

function spoilt(answer, wrong) {
  if (wrong === undefined) return answer
  if (wrong < 0x20) return answer.slice(0, wrong)
  answer[wrong % answer.length] ^= wrong
  return answer
}

const SIZES = [6, 16, 62, 109, 255]

export const targets = {
  'card-atr': {
    pure: true,
    weight: 8,
    good: ATRS,
    make: atr,
    open: once(
      bytes => {
        const { fields, problems } = readAtr(bytes)
        return fields.length + problems.length
      },
      () => readAtr(ATRS[0]).technology === 'mifare-classic',
    ),
    saysAtMost: bytes => 8 + 3 * bytes,
    holdsAtMost: 0,
  },
  'card-ndef': {
    pure: true,
    weight: 8,
    good: MESSAGES,
    make: ndef,
    open: once(
      bytes => readNdef(bytes).records.length,
      () => readNdef(TEXT).records.length === 1,
    ),
    saysAtMost: bytes => 1 + bytes,
    holdsAtMost: 0,
  },
  'card-memory': {
    pure: true,
    weight: 8,
    good: TAGS,
    open: once(
      bytes => {
        dataAreaBytes(bytes)
        return SIZES.every(size => findMessage(bytes, size * 8).found !== undefined) ? 1 : 0
      },
      () => findMessage(bytesOf('0300fe'), 48).found === 'message',
    ),
    saysAtMost: () => 1,
    holdsAtMost: 0,
  },
  'card-disturbed': {
    pure: true,
    weight: 2,
    good: ['00', '01', '02', '00 0320 0441', '01 0520 0941 0a08', '02 0181 0203'].map(bytesOf),
    open: once(
      bytes => disturbed(bytes).commands,
      () => CARDS.every((_, which) => disturbed(Uint8Array.of(which)).reading.ndef?.length === 2),
    ),
    saysAtMost: () => MOST_COMMANDS,
    holdsAtMost: 0,
  },
  'card-reading': {
    pure: true,
    weight: 2,
    good: [...TAGS, ...MESSAGES, bytesOf('04a1b2c3d4e5809000')],
    open: once(conversation, () => true),
    saysAtMost: () => MOST_COMMANDS,
    holdsAtMost: 0,
  },
}
