// How PIN pads of the VeriFone family frame their packets, as a table: control bytes, packet types, limits, and how a
// stream of bytes is cut. Sources: VeriFone MX800 Series Programmer's Guide, "IPP MS and DUKPT communications
// packets"; Uniform Industrial PIN Pad 791 Programmer's Manual (UDN PM0103-U), sections 5, 9 and 10.
import { type Cut, concatBytes, type Framing, lrc } from '@cashdesk/kernel'

const STX = 0x02
const ETX = 0x03
export const EOT = 0x04
export const ACK = 0x06
const SO = 0x0e
const SI = 0x0f
export const NAK = 0x15
/** Clears the display before the text. */
export const SUB = '\u001a'
/** Between the fields of a packet. */
export const FS = '\u001c'

/** Packet types, by what they do. */
export const PACKET = {
  /** Entry with the pad's own prompt. */
  enter: 'Z60.',
  /** Entry with length limits and prompts. */
  enterWithPrompt: 'Z62.',
  /** Entry under an amount, with the pad's own texts. */
  enterForAmount: '70',
  /** One text, until the next. */
  show: 'Z2',
  /** Several texts: lines, or in turn. */
  showLines: 'Z3',
  /** Ends whatever session runs. */
  cancel: '72',
  /** The block under master and session keys, or an error letter. */
  block: '71',
  /** The block under DUKPT, VeriFone. */
  blockWithKsn: '73',
  /** SI/SO: is somebody there? */
  connectionTest: '11',
  /** SI/SO: select a master key. */
  selectMasterKey: '08',
} as const

/** The longest packet of any manual is 255 characters; twice that can be no packet. */
export const MAX_PACKET_BYTES = 512

/** A packet goes out this often before it counts as not taken, and comes in garbled this often before we give up. */
export const ATTEMPTS = 3

export type Frame =
  | { readonly kind: 'ack' | 'nak' | 'eot' }
  /** `intact`: its check is right. `admin`: framed by SI and SO. */
  | { readonly kind: 'packet'; readonly admin: boolean; readonly text: string; readonly intact: boolean }

const CONTROLS: ReadonlyMap<number, 'ack' | 'nak' | 'eot'> = new Map([
  [ACK, 'ack'],
  [NAK, 'nak'],
  [EOT, 'eot'],
])

/** Controls that may stand inside a packet: SUB and the separators. Any other cuts the packet off. */
const INSIDE: ReadonlySet<number> = new Set([0x1a, 0x1c, 0x1d, 0x1e, 0x1f])

/**
 * A packet as it goes over the line: `STX text ETX LRC`, or `SI text SO LRC`. The check is all bytes behind the first
 * up to and including the last, XORed.
 */
export function packetBytes(text: string, admin = false): Uint8Array {
  const body = concatBytes(new TextEncoder().encode(text), [admin ? SO : ETX])
  return concatBytes([admin ? SI : STX], body, [lrc(body)])
}

/** Cuts the pad's bytes. Noise, halves of packets and packets that never end are discarded up to the next start. */
export const FRAMING: Framing<Frame> = {
  limitBytes: MAX_PACKET_BYTES,
  next(buffer): Cut<Frame> {
    const first = buffer[0] ?? 0
    const control = CONTROLS.get(first)
    if (control !== undefined) return { cut: 'frame', frame: { kind: control }, used: 1 }
    if (first !== STX && first !== SI) return { cut: 'discard', used: upToStart(buffer, 1) }
    return cutPacket(buffer, first === SI)
  },
}

function cutPacket(buffer: Uint8Array, admin: boolean): Cut<Frame> {
  const last = admin ? SO : ETX
  const limit = Math.min(buffer.length, MAX_PACKET_BYTES)
  for (let at = 1; at < limit; at += 1) {
    const byte = buffer[at] ?? 0
    if (byte === last) return checked(buffer, at, admin)
    if (byte < 0x20 && !INSIDE.has(byte)) return { cut: 'discard', used: upToStart(buffer, at) }
  }
  if (buffer.length < MAX_PACKET_BYTES) return { cut: 'more' }
  return { cut: 'discard', used: upToStart(buffer, limit) }
}

/** The packet whose last byte is at `end`, once its check is there. */
function checked(buffer: Uint8Array, end: number, admin: boolean): Cut<Frame> {
  const check = buffer[end + 1]
  if (check === undefined) return { cut: 'more' }
  const intact = lrc(buffer.subarray(1, end + 1)) === check
  const text = String.fromCharCode(...buffer.subarray(1, end))
  // A start where the check should be: the check was lost, and the next packet begins here.
  const starts = check === STX || check === SI
  return {
    cut: 'frame',
    frame: { kind: 'packet', admin, text, intact },
    used: intact || !starts ? end + 2 : end + 1,
  }
}

/** How many bytes from `from` on can begin no frame. */
function upToStart(buffer: Uint8Array, from: number): number {
  let at = from
  while (at < buffer.length && !begins(buffer[at] ?? 0)) at += 1
  return at
}

function begins(byte: number): boolean {
  return byte === STX || byte === SI || CONTROLS.has(byte)
}
