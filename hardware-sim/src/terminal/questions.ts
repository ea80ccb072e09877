// What the terminal asks the register in the middle of a payment (04 0D, 04 0E): the messages, and what an answer says.
import { readFields, readTlv, type TlvObject, writeTlv } from './codec.ts'
import type { Answer } from './link.ts'
import type { Till } from './money.ts'
import { BMP, COMMAND, MESSAGE, TAG } from './tables.ts'
import type { Talk } from './talk.ts'

/** What the cashier has to answer a question in; the register is told so where the message has a field for it. */
export const QUESTION_SECONDS = 60

/** Tag 2B: one of `items` for the cashier to choose; each goes back as its place. */
export function menuOf(talk: Talk, items: readonly string[]): TlvObject {
  const item = (text: string, place: number): TlvObject => [
    TAG.menuItem,
    writeTlv([
      [TAG.text, talk.text(text)],
      [TAG.returnValue, Buffer.from([place])],
    ]),
  ]
  const menu = writeTlv([
    [TAG.menuType, Buffer.from([0x01])],
    [TAG.menuContext, Buffer.from([0x01])],
    [TAG.menuTarget, Buffer.from([0x01])],
    ...items.map(item),
  ])
  return [TAG.menu, menu]
}

/** 04 0E: one of `items`, by its place; undefined when nobody chose (PA00P015 ch. 3.13, tag 2B). */
export async function askMenu(talk: Talk, items: readonly string[]): Promise<number | undefined | 'lost'> {
  await talk.show(MESSAGE.waitingForCashier)
  const answer = await talk.question(COMMAND.menuRequest, [menuOf(talk, items)], QUESTION_SECONDS * 1000)
  const tlv = answered(answer)
  return tlv === 'lost' ? 'lost' : tlv?.get(TAG.returnValue)?.at(0)
}

/** 04 0D: an amount, minor units; undefined when none was typed (PA00P015 ch. 3.15, tag 32). */
export async function askAmount(
  talk: Talk,
  till: Till,
  prompt: string,
): Promise<number | undefined | 'lost'> {
  await talk.show(MESSAGE.waitingForCashier)
  const input = writeTlv([
    [TAG.displayTexts, writeTlv([[TAG.text, talk.text(prompt)]])],
    [TAG.inputMode, Buffer.from([0x02])],
    [TAG.inputSeconds, Buffer.from([0, QUESTION_SECONDS])],
    [TAG.infoCurrency, till.currency],
    [TAG.decimals, Buffer.from([2])],
  ])
  const answer = await talk.question(COMMAND.inputRequest, [[TAG.input, input]], QUESTION_SECONDS * 1000)
  const tlv = answered(answer)
  if (tlv === 'lost') return 'lost'
  const typed = readTlv(tlv?.get(TAG.input) ?? Buffer.alloc(0))?.get(TAG.inputResult)
  return /^\d{1,12}$/.test(typed?.toString('latin1') ?? '') ? Number(typed?.toString('latin1')) : undefined
}

/** The TLV container of a positive answer. A register that does not answer is as good as gone. */
export function answered(answer: Answer): ReadonlyMap<number, Buffer> | undefined | 'lost' {
  if (answer.kind !== 'answer') return 'lost'
  if (!answer.positive) return undefined
  return readTlv(readFields(answer.data)?.get(BMP.tlv) ?? Buffer.alloc(0))
}
