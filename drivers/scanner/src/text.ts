// What a finished code becomes, whichever way it came: bytes become text, the AIM identifier is taken off, and a card
// that was swiped through a reader is told from a code, so that no payment card's track is ever handed on as a scan.
import type { ScanStripe } from '@cashdesk/kernel'
import { isGtin } from '@cashdesk/kernel'
import { AIM_IDENTIFIER, isLatinControl } from './frames.ts'
import { isTracks, readSwipe, type StripeOptions } from './tracks.ts'

export interface Reading extends StripeOptions {
  /** Does the scanner put an AIM identifier before the data? `auto` takes one off if it is there. Default `auto`. */
  readonly aim?: 'auto' | 'none'
  /** `auto`: UTF-8, and Latin-1 where the bytes are not UTF-8. Default `auto`. */
  readonly charset?: 'auto' | 'utf-8' | 'latin1'
  /** `only`: it reads magnetic stripes and nothing else. Default `too`. */
  readonly cards?: 'too' | 'only'
}

export type ScanEvent =
  | { readonly kind: 'scan'; readonly text: string; readonly aim?: string; readonly stripe?: ScanStripe }
  | {
      readonly kind: 'discard'
      readonly code: 'scanner.garbled' | 'scanner.cut-off' | 'scanner.too-long'
      /** Bytes, or keys. */
      readonly bytes: number
    }
  | { readonly kind: 'discard'; readonly code: 'scanner.payment-card'; readonly maskedPan: string }

/** The event of a whole code. */
export function scanOf(text: string, reading: Reading = {}): ScanEvent {
  if (reading.cards === 'only' || isTracks(text)) return swipeOf(text, reading)
  const aim = reading.aim === 'none' ? undefined : AIM_IDENTIFIER.exec(text)?.[0]
  return aim === undefined ? { kind: 'scan', text } : { kind: 'scan', text: text.slice(aim.length), aim }
}

/** The event of a swiped card: its text is track 2, which carries the number, or the first there is. */
function swipeOf(text: string, reading: Reading = {}): ScanEvent {
  const swipe = readSwipe(text, reading)
  if (swipe.kind === 'payment') {
    return { kind: 'discard', code: 'scanner.payment-card', maskedPan: swipe.maskedPan }
  }
  const number =
    swipe.kind === 'card' ? (swipe.tracks.find(track => track.number === 2) ?? swipe.tracks[0]) : undefined
  if (swipe.kind === 'unreadable' || number === undefined) return garbled(text.length)
  const tracks = swipe.tracks.map(({ number: track, data }) => ({ track, data }))
  return { kind: 'scan', text: number.data, stripe: { tracks } }
}

export function garbled(bytes: number): ScanEvent {
  return { kind: 'discard', code: 'scanner.garbled', bytes }
}

/** Behind noise a code counts only if it proves that it is whole: by an AIM identifier or by a check digit. */
export function provesItself(text: string): boolean {
  return AIM_IDENTIFIER.test(text) || isGtin(text)
}

export function isUtf8(bytes: Uint8Array): boolean {
  return decodeText(bytes, 'utf-8') !== undefined
}

/** Undefined if the bytes are no text in the scanner's character set. */
export function decodeText(bytes: Uint8Array, charset: Reading['charset'] = 'auto'): string | undefined {
  if (charset !== 'latin1') {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      if (charset === 'utf-8') return undefined
    }
  }
  if (bytes.some(isLatinControl)) return undefined
  // Not TextDecoder('latin1'): on the web that name means Windows-1252.
  return String.fromCharCode(...bytes)
}
