// Reading a card without paying: 06 C0 with the question whether its holder is old enough, and 06 03 for what is on it.
import { createHash } from 'node:crypto'
import type { Card } from './cards.ts'
import { bcd, type Field, packPan, readFields, readTlv, type TlvObject, writeTlv } from './codec.ts'
import { packedAmount, presentCard } from './customer.ts'
import type { Till } from './money.ts'
import { AMOUNT_KIND, amountInformation } from './status.ts'
import { BMP, MESSAGE, RESULT, TAG } from './tables.ts'
import type { Talk } from './talk.ts'

/** The wait for a card where 06 C0 names none. */
const CARD_SECONDS = 30
/** Bits of tag 1F15: what is to be read beside the tracks. */
const READING = { hash: 0x80, uid: 0x40 } as const
/** Tag 1F60: how the card may be read. */
const TECHNOLOGY = { contactless: 0x04 } as const
/** Tag 1F6C. */
const AGE = { tooYoung: 0x00, reached: 0x01, cardCannotTell: 0x02 } as const

/**
 * 06 C0 (PA00P015 ch. 2.21): 04 0F with what is on the card, and no 06 0F. The card stays in the reader for the next
 * payment, until 06 B0.
 */
export async function readCard(talk: Talk, till: Till, data: Buffer): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const fields = readFields(data.subarray(1))
  const container = fields?.get(BMP.tlv)
  const tlv = container === undefined ? undefined : readTlv(container)
  till.inserted = false
  const seconds = data.at(0) ?? CARD_SECONDS
  const wait = talk.accident?.name === 'card-wait' ? talk.accident.ms : 0
  const tooLate = seconds > 0 && wait > seconds * 1000
  if (tooLate) {
    await talk.show(MESSAGE.insertCard)
    await talk.pause(seconds * 1000)
  }
  const customer = tooLate ? 'nobody held out a card in time' : await presentCard(talk, till)
  if (customer !== 'ready') {
    const code = customer === 'the card was pulled out' ? RESULT.cardProblem : RESULT.aborted
    await talk.status([[BMP.result, Buffer.from([code])]])
    return customer
  }
  talk.abortable = false
  const isContactless = talk.accident?.name === 'contactless'
  const objects = isContactless || tlv !== undefined ? about(till, tlv ?? new Map(), isContactless) : []
  const answer = await talk.status([
    [BMP.track2, packPan(`${till.card.pan}D${till.card.expiry}`)],
    ...((talk.registration.tlv || tlv !== undefined) && objects.length > 0
      ? ([[BMP.tlv, writeTlv(objects)]] satisfies Field[])
      : []),
  ])
  if (answer.kind === 'lost') return 'link lost'
  till.inserted = true
  return 'read'
}

/** What tags 1F15, 1F60 and 1F6B ask of the card. */
function about(till: Till, tlv: ReadonlyMap<number, Buffer>, isContactless: boolean): TlvObject[] {
  const control = tlv.get(TAG.readingControl)?.at(0) ?? 0
  const mayTap = ((tlv.get(TAG.technologies)?.at(0) ?? 0xff) & TECHNOLOGY.contactless) !== 0
  const objects: TlvObject[] = []
  if ((control & READING.hash) !== 0) objects.push([TAG.cardNumberHash, hashOf(till.card)])
  if ((control & READING.uid) !== 0 && mayTap && isContactless) {
    objects.push([TAG.uid, Buffer.concat([Buffer.alloc(3), hashOf(till.card).subarray(0, 7)])])
  }
  const age = packedAmount(tlv.get(TAG.minimumAge))
  if (age !== undefined) objects.push([TAG.ageResult, Buffer.from([ageResult(till, age)])])
  return objects
}

function ageResult(till: Till, age: number): number {
  if (!till.card.tellsAge) return AGE.cardCannotTell
  return till.customerAge >= age ? AGE.reached : AGE.tooYoung
}

function hashOf(card: Card): Buffer {
  return createHash('sha256').update(card.pan).digest()
}

/** 06 03 (PA00P015 ch. 2.3): what is left on a card that is paid in. */
export async function balance(talk: Talk, till: Till): Promise<string> {
  if (!talk.accept()) return 'did not answer'
  const customer = await presentCard(talk, till)
  if (customer !== 'ready') {
    await talk.fail(customer === 'the card was pulled out' ? RESULT.cardProblem : RESULT.aborted, [])
    return customer
  }
  const credit = till.books.creditOf(till.card)
  if (credit === undefined) {
    const isDebit = till.card.column === 'girocard' || till.card.name === 'Maestro'
    await talk.fail(isDebit ? RESULT.notForDebitCards : RESULT.notForCreditCards, [])
    return 'not for this card'
  }
  await talk.show(MESSAGE.balance)
  const tlv = writeTlv([amountInformation(AMOUNT_KIND.balance, 2, credit, till.currency)])
  const answer = await talk.status([
    [BMP.result, Buffer.from([RESULT.ok])],
    [BMP.amount, bcd(credit, 6)],
    [BMP.pan, packPan(till.card.pan)],
    [BMP.cardType, Buffer.from([till.card.type])],
    [BMP.cardName, Buffer.from(`${till.card.name}\0`, 'latin1')],
    ...(talk.registration.tlv ? ([[BMP.tlv, tlv]] satisfies Field[]) : []),
  ])
  if (answer.kind === 'lost') return 'link lost'
  await talk.complete()
  return 'told'
}
