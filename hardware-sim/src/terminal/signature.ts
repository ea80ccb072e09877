// A signature that the customer drew on the terminal's screen, shown to the cashier at the register (06 D0): the one
// question of the protocol with a picture.
import { Canvas } from '../printer/canvas.ts'
import { type Field, writeApdu, writeFields, writeTlv } from './codec.ts'
import { answered, menuOf, QUESTION_SECONDS } from './questions.ts'
import { BMP, COMMAND, TAG } from './tables.ts'
import type { Talk } from './talk.ts'

/** Fields of a picture (PA00P015 ch. 2.33, 3.16). */
const PICTURE = { id: 0x70, size: 0x71, mime: 0x72, encoding: 0x73, count: 0x74, index: 0x75 } as const
const SECONDS = 0xf0
const HEADLINE = 0xf1
const PNG_FILE = 0x03
const NOT_ENCODED = 0x01

/** Whether the register takes such a question. */
export function showsSignatures(talk: Talk): boolean {
  return talk.registration.permitted.includes(COMMAND.graphicMenu)
}

/** `confirmed`, or why not. `parts`: in so many messages, as a terminal with short messages sends it. */
export async function confirmSignature(talk: Talk, parts: number): Promise<'confirmed' | string> {
  const picture = scribble()
  const chunk = Math.ceil(picture.length / parts)
  for (let index = 0; index < parts; index += 1) {
    const piece = picture.subarray(index * chunk, (index + 1) * chunk)
    const message = messageOf(talk, picture.length, piece, index, parts)
    const answer = await talk.link.ask(message, QUESTION_SECONDS * 1000)
    if (answer.kind !== 'answer') return 'the link was lost before the signature was looked at'
    if (!answer.positive) return 'the register could not show the signature'
    if (index < parts - 1) continue
    const chosen = answered(answer)
    if (chosen === 'lost') return 'the link was lost before the signature was looked at'
    return chosen?.get(TAG.returnValue)?.at(0) === 0
      ? 'confirmed'
      : 'the cashier did not accept the signature'
  }
  return 'confirmed'
}

function messageOf(talk: Talk, size: number, piece: Buffer, index: number, parts: number): Buffer {
  const isFirst = index === 0
  const menu = menuOf(talk, ['Unterschrift stimmt', 'stimmt nicht'])
  const fields: Field[] = [
    ...(parts > 1 ? ([[PICTURE.id, whole(1)]] satisfies Field[]) : []),
    ...(isFirst
      ? ([
          [PICTURE.mime, Buffer.from([PNG_FILE])],
          [PICTURE.encoding, Buffer.from([NOT_ENCODED])],
        ] satisfies Field[])
      : []),
    [SECONDS, Buffer.from([QUESTION_SECONDS])],
    [HEADLINE, talk.text('Unterschrift prüfen')],
    ...(parts > 1 ? ([[PICTURE.size, whole(size)]] satisfies Field[]) : []),
    ...(parts > 1 && isFirst ? ([[PICTURE.count, Buffer.from([parts])]] satisfies Field[]) : []),
    ...(parts > 1 ? ([[PICTURE.index, Buffer.from([index])]] satisfies Field[]) : []),
    [BMP.tlv, writeTlv([menu, [TAG.fileBlock, piece]])],
  ]
  return writeApdu(COMMAND.graphicMenu, writeFields(fields))
}

function whole(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A wavy line, as a PNG. */
function scribble(): Buffer {
  const canvas = new Canvas(200)
  for (let x = 10; x < 190; x += 1) {
    canvas.fill(x, Math.round(40 + 25 * Math.sin(x / 9) * Math.cos(x / 23)), 2, 3)
  }
  return canvas.png(10)
}
