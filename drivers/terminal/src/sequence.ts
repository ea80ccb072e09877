// Message sequence numbers (TLV 1F73, PA00P015 ch. 5): one count for both sides, from 000001 to 999999 and round again.
// Every message carries its number, every answer the number of what it answers.
import { bcdDecode, bcdEncode, writeTlv } from '@cashdesk/kernel'
import { TAG } from './frames.ts'

const LAST = 999_999

/** The number behind this one; 0 is what the registration says. */
function nextNumber(number: number): number {
  return number >= LAST ? 1 : number + 1
}

/** The tag with its number. */
export function numberTag(number: number): Uint8Array {
  return writeTlv(TAG.messageSequence, bcdEncode(number, 3))
}

/** The number that a message carries: the tag stands at the end of a container that each command has elsewhere. */
function numberIn(data: Uint8Array): number | undefined {
  for (let at = data.length - 6; at >= 0; at -= 1) {
    if (data[at] !== 0x1f || data[at + 1] !== 0x73 || data[at + 2] !== 3) continue
    const digits = bcdDecode(data.subarray(at + 3, at + 6))
    if (digits !== undefined) return Number(digits)
  }
  return undefined
}

/** Where the count of one connection stands. */
export interface Count {
  /** The last number that either side used. */
  readonly last: number
  /** The number of our last command, which its answer repeats. */
  readonly ours: number
  /** The number of their last command that had one. */
  readonly heard: number
  /** What their present command is answered with; absent where it has no number: a print line has no place for one. */
  readonly answers?: number
  /** Commands without a number since the last one with: each may have used one up unsaid. */
  readonly unsaid: number
  /** What we answered to the last command with a number, if we have. */
  readonly reply?: Uint8Array
}

/** `again`: it came before. `missed`: one before it did not come. `late`: the answer to something older than our last. */
type Standing = 'next' | 'again' | 'missed' | 'late'

/** Print lines of the longest receipt; more of them and a gap is no longer told from lines. */
const MAX_UNSAID = 1_000

/** Before the first message after a registration that agreed on counting. */
export const COUNT_START: Count = { last: 0, ours: 0, heard: 0, unsaid: 0 }

/** The count when we give a command. */
export function countOurs(count: Count): Count {
  // Numbers that went unsaid may be taken: one that is too high ascends all the same.
  let number = nextNumber(count.last)
  for (let unsaid = count.unsaid; unsaid > 0; unsaid -= 1) number = nextNumber(number)
  return { ...count, last: number, ours: number, unsaid: 0 }
}

/** How an answer stands in the count. One without a number is taken as it is. */
export function placeAnswer(count: Count, data: Uint8Array): Standing {
  const number = numberIn(data)
  return number === undefined || number === count.ours ? 'next' : 'late'
}

/** How a command of theirs stands in the count, and the count with it. */
export function placeCommand(count: Count, data: Uint8Array): readonly [Standing, Count] {
  const number = numberIn(data)
  const { last, ours, heard, unsaid } = count
  if (number === undefined) return ['next', { last, ours, heard, unsaid: Math.min(unsaid + 1, MAX_UNSAID) }]
  if (number === heard) return ['again', { ...count, answers: number }]
  // An abort of ours may have crossed theirs: then both have this number.
  const next = number === ours || follows(number, last, unsaid)
  return [next ? 'next' : 'missed', { last: number, ours, heard: number, answers: number, unsaid: 0 }]
}

function follows(number: number, last: number, unsaid: number): boolean {
  let next = nextNumber(last)
  for (let more = unsaid; more > 0 && next !== number; more -= 1) next = nextNumber(next)
  return next === number
}
