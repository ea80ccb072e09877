// `cashdesk decode track`: magnetic stripe tracks as a reader sends them. Of a payment card only the masked number is said.
import { readSwipe, readTracks } from '@cashdesk/scanner'
import type { Decoded, Decoder } from './decode.ts'

/** Track 1 has 79 characters, track 2 40, track 3 107 (ISO/IEC 7811-6). */
const NAMES = { 1: 'track 1 (IATA)', 2: 'track 2 (ABA)', 3: 'track 3' } as const

export const decoder: Decoder = {
  name: 'track',
  summary: 'magnetic stripe tracks with their sentinels and checks; payment cards are masked',
  takes: 'text',
  example: "';6034714625981538=29121010000000000?'",
  decode: ({ text }): Decoded => {
    const swipe = readSwipe(text)
    const { tracks, problems } = readTracks(text)
    const found = problems.map(({ at, what }) => ({ offset: at, what }))
    const none = tracks.length === 0 && found.length === 0 ? [{ offset: 0, what: 'there is no track' }] : []
    return {
      kind: swipe.kind === 'payment' ? 'a payment card' : 'magnetic stripe tracks',
      fields: tracks.map(({ number, data, at, lrc }) => ({
        offset: at,
        length: data.length + 2,
        name: NAMES[number],
        value: swipe.kind === 'payment' ? swipe.maskedPan : data,
        meaning: lrc === 'right' ? 'check character right' : 'without check character',
      })),
      problems: [...found, ...none],
    }
  },
}
