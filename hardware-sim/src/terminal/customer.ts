// What the customer does at the terminal before the host is asked: holds out a card, types a PIN, chooses a currency;
// and what the terminal meanwhile asks the register (04 0D, 04 0E), which alone has a cashier to answer.
import type { Manner } from './book-entry.ts'
import { converted, FOREIGN, type ForeignCurrency } from './cards.ts'
import { digitsOf } from './codec.ts'
import type { MoneyOrder, Till } from './money.ts'
import { askAmount, askMenu } from './questions.ts'
import { COMMAND, MESSAGE } from './tables.ts'
import type { Talk } from './talk.ts'

/** How often the customer may type the PIN. */
const PIN_TRIES = 3

/** What the customer wants beside paying. */
export interface Wishes {
  /** Asked of the cashier, on top of what was ordered. */
  readonly tipMinor?: number
  readonly foreign?: ForeignCurrency
}

/** `ready`, or why there is no card. */
export async function presentCard(talk: Talk, till: Till): Promise<'ready' | string> {
  await talk.show(MESSAGE.insertCard)
  const wait = talk.strikes('card-wait')?.ms ?? 0
  await talk.pause(till.stages.cardMs + wait)
  const aborted = (): boolean => !talk.over && talk.strikes('abort-by-customer') !== undefined
  if (aborted()) return 'aborted by the customer'
  if (talk.accident?.name !== 'contactless') {
    await talk.show(MESSAGE.watchPinPad)
    await talk.pause(till.stages.pinMs)
  }
  if (aborted()) return 'aborted by the customer'
  if (!talk.over && talk.strikes('card-removed')) {
    await talk.show(MESSAGE.processingError)
    return 'the card was pulled out'
  }
  if (!talk.over) return 'ready'
  return talk.aborted ? 'aborted by the register' : 'link lost before the host was asked'
}

/** False when the PIN was wrong too often. */
export async function typesPin(talk: Talk, till: Till): Promise<boolean> {
  const wrong = talk.strikes('wrong-pin')?.times ?? 0
  for (let tried = 1; tried <= wrong && !talk.over; tried += 1) {
    if (tried === PIN_TRIES) return false
    await talk.show(MESSAGE.wrongPin)
    await talk.pause(till.stages.pinMs)
  }
  return true
}

/** What else the customer wants, or why there is no payment. */
export async function askWishes(order: MoneyOrder, talk: Talk, till: Till): Promise<Wishes | string> {
  if (order.kind !== 'payment' || order.original !== undefined) return {}
  if (talk.strikes('ask-age') && talk.registration.permitted.includes(COMMAND.menuRequest)) {
    const answer = await askMenu(talk, ['Kunde ist 18 oder älter', 'Kunde ist jünger'])
    if (answer === 'lost') return 'link lost before the host was asked'
    if (answer !== 0)
      return answer === 1 ? 'the customer is too young' : 'nobody said how old the customer is'
  }
  let tipMinor: number | undefined
  if (talk.strikes('ask-tip') && talk.registration.permitted.includes(COMMAND.inputRequest)) {
    const answer = await askAmount(talk, till, 'Trinkgeld')
    if (answer === 'lost') return 'link lost before the host was asked'
    tipMinor = answer
  }
  const foreign = await chooseCurrency(talk, till)
  return { ...(tipMinor !== undefined && tipMinor > 0 && { tipMinor }), ...(foreign && { foreign }) }
}

/** How this customer pays. A card that is credited or booked later is not there to do anything. */
export function mannerOf(
  order: MoneyOrder,
  talk: Talk,
  amountMinor: number,
  { tipMinor: asked, foreign }: Wishes,
): Manner | undefined {
  if (order.kind === 'tip') {
    return { tipMinor: order.amountMinor, ofMinor: order.original?.amountMinor ?? 0 }
  }
  if (order.kind !== 'payment' || order.original !== undefined) return undefined
  const added = talk.strikes('tip')?.amountMinor ?? asked
  // A tip that the register ordered is part of the amount; without the whole amount there is none.
  const tipMinor = added ?? (amountMinor === order.amountMinor ? order.tipMinor : undefined)
  const manner: Manner = {
    ...(order.telephone && ({ check: 'signature', telephone: true } satisfies Manner)),
    ...checkOf(talk),
    ...(tipMinor !== undefined && { tipMinor }),
    ...(order.tippable && { tippable: true }),
    ...(foreign && {
      foreign: { currency: foreign.number, amountMinor: converted(amountMinor + (added ?? 0), foreign) },
    }),
  }
  return Object.keys(manner).length === 0 ? undefined : manner
}

function checkOf(talk: Talk): Manner {
  if (talk.strikes('signature')) return { check: 'signature' }
  return talk.strikes('contactless') ? { check: 'none', contactless: true } : {}
}

/** A foreign card is offered its own currency; the accident says so of any card, or that its owner does not want it. */
async function chooseCurrency(talk: Talk, till: Till): Promise<ForeignCurrency | undefined> {
  const accident = talk.strikes('foreign-currency')
  const name = accident?.currency ?? till.card.currency
  if (name === undefined) return undefined
  await talk.show(MESSAGE.currencyChoice)
  await talk.pause(till.stages.pinMs)
  return accident?.choice === 'decline' ? undefined : FOREIGN[name]
}

/** Digits of a packed amount, whatever its length; undefined where a nibble is none. */
export function packedAmount(packed: Buffer | undefined): number | undefined {
  const digits = packed === undefined || packed.length > 6 ? undefined : digitsOf(packed)
  return digits === undefined || digits === '' ? undefined : Number(digits)
}
