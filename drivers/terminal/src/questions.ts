// What the terminal asks the register (04 0D input, 04 0E menu) and how an answer goes back. Only an answer that fits
// the question is a yes: anything else is none, and the session says no (PA00P015 ch. 3.13, 3.15, 9.4.6, 9.4.10).
import {
  findTlv,
  fromHex,
  hex,
  readTlvs,
  type TerminalAnswer,
  type TerminalQuestion,
  type Tlv,
  writeTlv,
} from '@cashdesk/kernel'
import { readBmps } from './apdu.ts'
import { type Charset, decodeText } from './charset.ts'
import { BMP, CONTROL, TAG } from './frames.ts'

/** Items of one menu that are shown; a person does not choose among more. */
const MAX_CHOICES = 64
/** Characters of one input: what fits a short length. */
const MAX_INPUT = 127

const FOR_CUSTOMER = 0x02
const INPUT_MODES = ['text', 'number', 'amount'] as const

/** The question of a 04 0D or 04 0E; undefined if it cannot be read, and then it cannot be answered either. */
export function readQuestion(
  control: number,
  data: Uint8Array,
  charset: Charset,
): TerminalQuestion | undefined {
  const { tlvs } = readBmps(data)
  return control === CONTROL.menuRequest ? readMenu(tlvs, charset) : readInput(tlvs, charset)
}

function readMenu(tlvs: readonly Tlv[], charset: Charset): TerminalQuestion | undefined {
  const menu = tlvs.find(tlv => tlv.tag === TAG.menu)
  if (!menu) return undefined
  const { items } = readTlvs(menu.value)
  const choices = items
    .filter(item => item.tag === TAG.menuItem)
    .slice(0, MAX_CHOICES)
    .flatMap(item => {
      const inside = readTlvs(item.value).items
      const id = findTlv(inside, TAG.menuReturn)
      return id && id.length > 0 ? [{ id: hex(id), text: textsOf(inside, charset) }] : []
    })
  if (choices.length === 0) return undefined
  // The menu's own headline stands beside its items, or nowhere.
  const text = textsOf(items, charset)
  const forCustomer = findTlv(items, TAG.menuTarget)?.[0] === FOR_CUSTOMER
  return { kind: 'choice', text, choices, forCustomer }
}

function readInput(tlvs: readonly Tlv[], charset: Charset): TerminalQuestion | undefined {
  const container = tlvs.find(tlv => tlv.tag === TAG.input)
  if (!container) return undefined
  const { items } = readTlvs(container.value)
  const prompt = items.find(item => item.tag === TAG.displayTexts)
  const input = INPUT_MODES[findTlv(items, TAG.inputMode)?.[0] ?? 0]
  if (!prompt || !input) return undefined
  const initial = findTlv(items, TAG.inputResult)
  return {
    kind: 'input',
    text: textsOf(readTlvs(prompt.value).items, charset),
    input,
    ...(initial && { initial: decodeText(initial, charset) }),
  }
}

function textsOf(items: readonly Tlv[], charset: Charset): string {
  const lines = items.filter(item => item.tag === TAG.text)
  return lines.map(line => decodeText(line.value, charset).trim()).join('\n')
}

/** The container that answers the question; undefined if the answer is no, or does not fit it. */
export function encodeAnswer(question: TerminalQuestion, answer: TerminalAnswer): Uint8Array | undefined {
  if (question.kind === 'choice' && answer.answer === 'choose') {
    const chosen = question.choices.find(choice => choice.id === answer.id)
    return chosen && writeTlv(BMP.tlv, writeTlv(TAG.menuReturn, fromHex(chosen.id)))
  }
  if (question.kind !== 'input' || answer.answer !== 'type') return undefined
  const { text } = answer
  if (typeof text !== 'string' || text === '' || text.length > MAX_INPUT) return undefined
  // The result is ASCII; digits alone are a number or an amount.
  if (!(question.input === 'text' ? /^[\x20-\x7e]+$/ : /^[0-9]+$/).test(text)) return undefined
  const result = writeTlv(TAG.inputResult, new TextEncoder().encode(text))
  return writeTlv(BMP.tlv, writeTlv(TAG.input, result))
}
