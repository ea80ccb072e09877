// What a decoder is tried with: bytes that were never good, and good bytes that went wrong on their way. An input follows
// from its seed alone, so that a finding is a number and not a file.

/** Numbers by chance from one seed (xorshift over 32 bits, after a mix that tells neighbouring seeds apart). */
export function chanceOf(...seeds) {
  let state = 0x9e3779b9
  for (const seed of seeds) {
    for (const unit of String(seed)) state = Math.imul(state ^ unit.charCodeAt(0), 0x01000193) >>> 0
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) >>> 0
  }
  if (state === 0) state = 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  /** A whole number below `limit`. */
  const below = limit => next() % limit
  return {
    below,
    byte: () => next() & 0xff,
    one: list => list[below(list.length)],
    often: of => below(of) !== 0,
  }
}

/** Longest input of one kind that repeats itself: more than any session may hold. */
const FLOOD_BYTES = 20_000
const MOST_BYTES = 64 * 1024

const random = ({ below, byte }) => Uint8Array.from({ length: 1 + below(64) }, byte)

/** Bytes that look like the beginning of something: only those that begin, separate and end frames. */
function looks(chance, good) {
  const first = [...new Set(good.flatMap(each => [each[0] ?? 0, each[1] ?? 0, each.at(-1) ?? 0]))]
  return Uint8Array.from({ length: 1 + chance.below(48) }, () =>
    chance.often(3) ? chance.one(first) : chance.byte(),
  )
}

const truncated = (chance, good) => {
  const frame = chance.one(good)
  return frame.slice(0, chance.below(frame.length + 1))
}

function flipped(chance, good) {
  const frame = Uint8Array.from(chance.one(good))
  for (let times = 1 + chance.below(4); times > 0 && frame.length > 0; times -= 1)
    frame[chance.below(frame.length)] ^= 1 << chance.below(8)
  return frame
}

/** Bytes put in, taken out or exchanged: a length that is wrong now. */
function shifted(chance, good) {
  const frame = [...chance.one(good)]
  for (let times = 1 + chance.below(3); times > 0; times -= 1) {
    const at = chance.below(frame.length + 1)
    if (chance.often(2)) frame.splice(at, 1 + chance.below(3))
    else frame.splice(at, 0, chance.one([0, 0xff, 0x7f, 0x80, chance.byte()]))
  }
  return Uint8Array.from(frame)
}

function joined(chance, good) {
  const parts = Array.from({ length: 2 + chance.below(5) }, () => {
    const kind = chance.below(6)
    if (kind === 0) return random(chance)
    if (kind === 1) return truncated(chance, good)
    return kind === 2 ? flipped(chance, good) : chance.one(good)
  })
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

/** One byte or one frame over and over. */
function flood(chance, good) {
  const piece = chance.often(2) ? chance.one(good) : Uint8Array.of(chance.byte())
  const times = Math.min(FLOOD_BYTES, 1 + chance.below(2_000))
  const bytes = new Uint8Array(Math.min(FLOOD_BYTES, piece.length * times))
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = piece[at % piece.length] ?? 0
  return bytes
}

/** What is done to bytes, and how often of a hundred. */
const KINDS = [
  ['random', 18, random],
  ['looks', 15, looks],
  ['truncated', 15, truncated],
  ['flipped', 20, flipped],
  ['shifted', 15, shifted],
  ['joined', 16, joined],
  ['flood', 1, flood],
]

/** @returns `{ kind, bytes, cuts }`: the bytes, and where the line cuts them into pieces */
export function inputOf(chance, good) {
  let dice = chance.below(100)
  const [kind, , make] = KINDS.find(([, often]) => {
    dice -= often
    return dice < 0
  })
  const bytes = make(chance, good).slice(0, MOST_BYTES)
  return { kind, bytes, cuts: cutsOf(chance, bytes.length) }
}

/** In one piece, in a few, or (short ones) byte by byte. */
function cutsOf(chance, length) {
  const how = chance.below(4)
  if (how === 0 && length <= 64) return Array.from({ length }, (_, at) => at + 1)
  if (how <= 1) return [length]
  const cuts = Array.from({ length: 1 + chance.below(4) }, () => chance.below(length + 1))
  return [...cuts.sort((a, b) => a - b), length]
}

export const bytesOf = text => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
export const asciiOf = text => new TextEncoder().encode(text)
