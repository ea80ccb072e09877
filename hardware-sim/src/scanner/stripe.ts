// What a magnetic stripe reader sends for a swipe: the tracks between their sentinels, with or without the check
// character that the stripe carries. Own coding, after ISO/IEC 7811-2: bits counted column by column.

export interface Stripe {
  readonly track1?: string
  readonly track2?: string
  readonly track3?: string
}

export interface Swiping {
  /** Does the reader hand on the check characters? Default false. */
  readonly lrc?: boolean
  /** A track that the reader cannot read, sent as `E`. */
  readonly bad?: 1 | 2 | 3
  /** Between the tracks. Default nothing. */
  readonly between?: string
}

/** The text of a swipe, without terminator. */
export function swipeText(stripe: Stripe, { lrc = false, bad, between = '' }: Swiping = {}): string {
  const tracks = [
    { number: 1, start: '%', data: stripe.track1, bits: 6, zero: 0x20 },
    { number: 2, start: ';', data: stripe.track2, bits: 4, zero: 0x30 },
    { number: 3, start: '+', data: stripe.track3, bits: 4, zero: 0x30 },
  ]
  return tracks
    .flatMap(({ number, start, data, bits, zero }) => {
      if (data === undefined) return []
      if (number === bad) return [`${start}E?`]
      // On the stripe, track 3 begins like track 2.
      const onStripe = `${start === '+' ? ';' : start}${data}?`
      return [`${start}${data}?${lrc ? evenColumns(onStripe, bits, zero) : ''}`]
    })
    .join(between)
}

/** The character that makes the number of ones in every bit column even. */
function evenColumns(characters: string, bits: number, zero: number): string {
  let check = 0
  for (let bit = 0; bit < bits; bit += 1) {
    const ones = [...characters].filter(each => ((each.charCodeAt(0) - zero) >> bit) % 2 === 1).length
    check += ones % 2 === 1 ? 2 ** bit : 0
  }
  return String.fromCharCode(zero + check)
}
