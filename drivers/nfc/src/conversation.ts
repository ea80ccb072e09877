// How a card is spoken to while it is read: commands come out, answers go in. And the walk that most tags share: an area of
// blocks of tag, length and value, read no further than the message needs.
import { concatBytes } from '@cashdesk/kernel'
import { findMessage } from './type2.ts'

/** Yields commands, is given answers, returns what it came to. */
export type Conversation<T> = Generator<Uint8Array, T, Uint8Array>

/** A message's bytes, or that there is none, or what is wrong with where it should be. */
export type Message = { readonly bytes: Uint8Array } | { readonly damage: string } | undefined

/**
 * Readings of one message at most: seconds, which nobody holds a card still for. A Type 2 tag of 2040 bytes takes 510, page by
 * page.
 */
export const MAX_READINGS = 520
export const TOO_LONG = 'the message is too long for this reader'

/** Reads the area from `at` on: at least one byte, or why not. */
type ReadOn = (at: number) => Conversation<Uint8Array | string>

/** Looks for the message in an area of `size` bytes that begins with `known`. */
export function* walkArea(known: Uint8Array, size: number, readOn: ReadOn): Conversation<Message> {
  let area = known
  for (let readings = 0; ; readings += 1) {
    const found = findMessage(area, size)
    if (found.found === 'message') return { bytes: found.bytes }
    if (found.found === 'nothing') return undefined
    if (found.found === 'damage') return { damage: `${found.what}, at byte ${found.offset} of the memory` }
    if (readings === MAX_READINGS) return { damage: TOO_LONG }
    const more = yield* readOn(area.length)
    if (typeof more === 'string') return { damage: more }
    if (more.length === 0) return { damage: `the memory ends at byte ${area.length}` }
    area = concatBytes(area, more)
  }
}
