// Makes a finding small: fewer inputs before it, fewer cuts, fewer bytes, as long as the same thing still goes wrong.

/** Tries for one finding; a hang costs seconds each. */
const MOST_TRIES = 400
const MOST_MS = 30_000

/** Findings of one kind begin alike, whatever numbers are in them. */
const kindOf = what =>
  /^(threw \S+|holds|said|does not read|did not end|ended its worker)/.exec(what ?? '')?.[0]

/**
 * @param inputs `[{ bytes, cuts }]`, the last of which fails behind the others
 * @param attempt answers what is wrong with inputs, or undefined
 * @returns smaller inputs that fail in the same way; undefined if these do not fail when they are repeated
 */
export async function shrunk(inputs, what, attempt) {
  const kind = kindOf(what)
  const until = performance.now() + MOST_MS
  let tries = 0
  const fails = async candidate => {
    if (tries >= MOST_TRIES || performance.now() > until) return false
    tries += 1
    return kindOf(await attempt(candidate)) === kind
  }
  let best = inputs
  const better = async candidate => {
    if (!(await fails(candidate))) return false
    best = candidate
    return true
  }
  if (!(await fails(best))) return undefined
  if (!(await better([best.at(-1)]))) await fewer(best, better)
  for (let at = best.length - 1; at >= 0; at -= 1) {
    const put = async input => better(best.map((old, index) => (index === at ? input : old)))
    const { bytes } = best[at]
    await put({ bytes, cuts: [bytes.length] })
    await shorter(() => best[at], put)
    await plainer(() => best[at], put)
  }
  return best
}

/** Leaves out runs of inputs, long ones first; the last one stays. */
async function fewer(inputs, better) {
  let left = inputs
  for (let size = Math.ceil(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length - 1; ) {
      const candidate = left.filter(
        (_, index) => index < at || index >= at + size || index === left.length - 1,
      )
      if (candidate.length < left.length && (await better(candidate))) left = candidate
      else at += size
    }
  }
}

/** Leaves out runs of bytes, long ones first. */
async function shorter(now, put) {
  for (let size = Math.ceil(now().bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < now().bytes.length; ) if (!(await put(without(now(), at, size)))) at += size
  }
}

function without({ bytes, cuts }, from, size) {
  const to = Math.min(bytes.length, from + size)
  const kept = new Uint8Array(bytes.length - (to - from))
  kept.set(bytes.subarray(0, from))
  kept.set(bytes.subarray(to), from)
  const moved = cuts.map(cut => (cut <= from ? cut : Math.max(from, cut - (to - from))))
  return { bytes: kept, cuts: [...new Set(moved)] }
}

/** Bytes that need not be what they are become 0. */
async function plainer(now, put) {
  for (let at = 0; at < now().bytes.length; at += 1) {
    const { bytes, cuts } = now()
    if (bytes[at] !== 0) await put({ bytes: bytes.map((byte, index) => (index === at ? 0 : byte)), cuts })
  }
}

/** Inputs as a text: pieces of one are separated by commas, inputs by slashes. */
export function written(inputs) {
  return inputs
    .map(({ bytes, cuts }) =>
      cuts
        .map((to, index) => Buffer.from(bytes.subarray(cuts[index - 1] ?? 0, to)).toString('hex'))
        .join(','),
    )
    .join('/')
}

/** @throws Error if the text is no such thing */
export function readWritten(text) {
  if (!/^([0-9a-f]{2}|[,/])*$/i.test(text))
    throw new Error('--hex wants hexadecimal, with , between pieces and / between inputs')
  return text.split('/').map(one => {
    const pieces = one.split(',').map(piece => Buffer.from(piece, 'hex'))
    let length = 0
    const cuts = pieces.map(piece => {
      length += piece.length
      return length
    })
    return { bytes: Uint8Array.from(Buffer.concat(pieces)), cuts }
  })
}
