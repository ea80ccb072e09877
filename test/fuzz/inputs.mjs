// What a decoder is tried with: bytes that were never good, and good bytes that went wrong on their way. An input follows
// from its seed alone, so that a finding is a number and not a file.

/** Numbers by chance from one seed (xorshift over 32 bits, after a mix that tells neighbouring seeds apart). */
function chanceOf(...seeds) {
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

/** `length` bytes, each of which `make` answers; a loop, for millions of inputs pay for it. */
function filled(length, make) {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 1) bytes[at] = make()
  return bytes
}

const random = ({ below, byte }) => filled(1 + below(64), byte)

/** The bytes that begin, separate and end frames, of each list of good ones. */
const SIGNS = new WeakMap()

function signsOf(good) {
  const known = SIGNS.get(good)
  if (known !== undefined) return known
  const signs = [...new Set(good.flatMap(each => [each[0] ?? 0, each[1] ?? 0, each.at(-1) ?? 0]))]
  SIGNS.set(good, signs)
  return signs
}

/** Bytes that look like the beginning of something. */
function looks(chance, { good }) {
  const signs = signsOf(good)
  return filled(1 + chance.below(48), () => (chance.often(3) ? chance.one(signs) : chance.byte()))
}

/** Something well formed: one of those that were written down, or one that follows its grammar. */
const sound = (chance, { good, made }) =>
  made !== undefined && chance.often(3) ? chance.one(made) : chance.one(good)

function truncated(chance, from) {
  const frame = sound(chance, from)
  return frame.slice(0, chance.below(frame.length + 1))
}

function flipped(chance, from) {
  const frame = new Uint8Array(sound(chance, from))
  for (let times = 1 + chance.below(4); times > 0 && frame.length > 0; times -= 1)
    frame[chance.below(frame.length)] ^= 1 << chance.below(8)
  return frame
}

/** Values at which lengths and counts turn over. */
const EDGES = [0, 1, 0x1f, 0x7f, 0x80, 0x81, 0x82, 0xfe, 0xff]

/** Bytes put in, taken out or exchanged: a length that is wrong now. */
function shifted(chance, from) {
  const frame = [...sound(chance, from)]
  for (let times = 1 + chance.below(3); times > 0; times -= 1) {
    const at = chance.below(frame.length + 1)
    const how = chance.below(3)
    if (how === 0) frame.splice(at, 1 + chance.below(3))
    else frame.splice(at, how - 1, chance.often(3) ? chance.one(EDGES) : chance.byte())
  }
  return Uint8Array.from(frame)
}

/** The beginning of one and the end of another. */
function spliced(chance, from) {
  const [first, second] = [sound(chance, from), sound(chance, from)]
  const head = first.subarray(0, chance.below(first.length + 1))
  const tail = second.subarray(chance.below(second.length + 1))
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

function joined(chance, from) {
  const parts = Array.from({ length: 2 + chance.below(5) }, () => {
    const kind = chance.below(6)
    if (kind === 0) return random(chance)
    if (kind === 1) return truncated(chance, from)
    return kind === 2 ? flipped(chance, from) : sound(chance, from)
  })
  return Buffer.concat(parts)
}

/** One byte or one frame over and over. */
function flood(chance, from) {
  const piece = chance.often(2) ? sound(chance, from) : Uint8Array.of(chance.byte())
  const times = Math.min(FLOOD_BYTES, 1 + chance.below(2_000))
  const bytes = new Uint8Array(Math.min(FLOOD_BYTES, piece.length * times))
  for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece.subarray(0, bytes.length - at), at)
  return bytes
}

/** What is done to bytes, and how often of a thousand. */
const KINDS = [
  ['random', 120, random],
  ['looks', 120, looks],
  ['sound', 60, sound],
  ['truncated', 150, truncated],
  ['flipped', 200, flipped],
  ['shifted', 150, shifted],
  ['spliced', 80, spliced],
  ['joined', 118, joined],
  ['flood', 2, flood],
]

/** Inputs that one opened decoder lives through: what one of them leaves behind must not spoil the next. */
export const LIFE = 100
/** Frames that are made by the grammar for one life; more would take longer than to decode them. */
const MADE = 12

/**
 * The inputs of one target by their numbers. Each follows from seed and number alone.
 * @param target `pure`: it takes whole inputs; `name`; `good`: frames that were written down; `make(chance)`: another one by the grammar, if there is one
 * @returns a function of the number that answers `{ kind, bytes, cuts }`: the bytes, and where the line cuts them into pieces
 */
export function inputsOf(seed, { name, good, make, pure = false }) {
  let life = -1
  let made
  return index => {
    if (make !== undefined && Math.floor(index / LIFE) !== life) {
      life = Math.floor(index / LIFE)
      const chance = chanceOf(seed, name, 'made', life)
      made = Array.from({ length: MADE }, () => make(chance))
    }
    return inputOf(chanceOf(seed, name, index), { good, made, whole: pure })
  }
}

function inputOf(chance, from) {
  let dice = chance.below(1000)
  const [kind, , make] = KINDS.find(([, often]) => {
    dice -= often
    return dice < 0
  })
  const bytes = new Uint8Array(make(chance, from).subarray(0, MOST_BYTES))
  return { kind, bytes, cuts: from.whole ? [bytes.length] : cutsOf(chance, bytes.length) }
}

/** In one piece, in a few, or (short ones) byte by byte. */
function cutsOf(chance, length) {
  const how = chance.below(10)
  if (how === 0 && length <= 64) return Array.from({ length }, (_, at) => at + 1)
  if (how <= 5) return [length]
  const cuts = Array.from({ length: 1 + chance.below(4) }, () => chance.below(length + 1))
  return [...cuts.sort((a, b) => a - b), length]
}

export const bytesOf = text => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
export const asciiOf = text => new TextEncoder().encode(text)
