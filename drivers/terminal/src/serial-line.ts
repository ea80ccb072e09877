// The serial line below ZVT as a pure machine: APDUs, bytes and ticks go in; bytes, APDUs and timer requests come out.
// Every message is framed, checked and acknowledged, repeated when it is not, and delivered once (PA00P016 ch. 3).
import { concatBytes, crc16Kermit } from '@cashdesk/kernel'
import { ZVT_FRAMING } from './apdu.ts'

/** Timers of PA00P016 ch. 3.4, milliseconds. */
export const T1_MS = 200
export const T2_MS = 5_000
/** How often one message is repeated before both sides speak of a transmission error (ch. 3.5). */
export const MAX_REPEATS = 2

const DLE = 0x10
const STX = 0x02
const ETX = 0x03
const ACK = 0x06
const NAK = 0x15

/** Messages that may wait for the one before them: a dialogue has one, an abort makes it two. */
const MAX_WAITING = 16
/** Noise shorter than this cannot hold a message, and is not answered. */
const MIN_MESSAGE = 9

export interface LineTimes {
  /** Longest silence between two bytes of one message. */
  readonly t1Ms: number
  /** Longest wait for ACK or NAK. */
  readonly t2Ms: number
}

export type LineInput =
  | { readonly in: 'send'; readonly apdu: Uint8Array }
  | { readonly in: 'bytes'; readonly bytes: Uint8Array }
  | { readonly in: 'tick'; readonly timer: LineTimer }

/** `t1`: the rest of a message. `t2`: the other side's ACK. */
export type LineTimer = 't1' | 't2'

export type LineEffect =
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'deliver'; readonly apdu: Uint8Array }
  /** Without `afterMs`: stop it. */
  | { readonly do: 'timer'; readonly timer: LineTimer; readonly afterMs?: number }
  /** A message did not get through, in all its repeats. Nothing more is said after this. */
  | { readonly do: 'fail'; readonly why: 'not-acknowledged' | 'not-readable' | 'too-many-waiting' }

export interface LineCounts {
  /** Messages of ours that were sent again. */
  readonly repeats: number
  /** Messages of theirs that we asked for again. */
  readonly naks: number
  /** Messages of theirs that had come before. */
  readonly duplicates: number
  /** Bytes that belonged to no message. */
  readonly noise: number
}

/** An APDU as a message: `10 02 APDU 10 03 CRC`, low byte first; `10` inside is doubled and counts once. */
export function encodeMessage(apdu: Uint8Array): Uint8Array {
  const crc = messageCheck(apdu)
  const stuffed: number[] = []
  for (const byte of apdu) {
    stuffed.push(byte)
    if (byte === DLE) stuffed.push(DLE)
  }
  return concatBytes([DLE, STX], stuffed, [DLE, ETX, crc & 0xff, crc >> 8])
}

/** The check of a message: CRC-16/KERMIT over the APDU as it was before stuffing, and ETX. */
export function messageCheck(apdu: Uint8Array): number {
  return crc16Kermit(concatBytes(apdu, [ETX]))
}

/** Where the reader of bytes stands. `lost`: in the middle of something unreadable, until a message begins or silence. */
type Place = 'idle' | 'start' | 'data' | 'escape' | 'check-low' | 'check-high' | 'lost' | 'lost-escape'

export class SerialLine {
  readonly #times: LineTimes
  #effects: LineEffect[] = []
  #counts: { -readonly [name in keyof LineCounts]: number } = { repeats: 0, naks: 0, duplicates: 0, noise: 0 }
  #failed = false

  // sending
  #sending: { readonly message: Uint8Array; readonly repeats: number } | undefined
  readonly #waiting: Uint8Array[] = []

  // receiving
  #place: Place = 'idle'
  #apdu: number[] = []
  #low = 0
  #unreadable = 0
  /** Bytes of the present noise. */
  #noise = 0
  /** The last message delivered, until something of ours was acknowledged after it. */
  #last: Uint8Array | undefined
  /** The last message delivered before that. */
  #previous: Uint8Array | undefined

  constructor(times: LineTimes) {
    this.#times = times
  }

  get counts(): LineCounts {
    return { ...this.#counts }
  }

  /** One step. Total: any bytes, any order of ticks. */
  take(input: LineInput): readonly LineEffect[] {
    this.#effects = []
    if (this.#failed) return []
    if (input.in === 'send') this.#send(input.apdu)
    else if (input.in === 'tick') this.#tick(input.timer)
    else for (const byte of input.bytes) if (!this.#failed) this.#byte(byte)
    if (!this.#failed) {
      if (input.in === 'bytes') this.#listen()
      this.#next()
    }
    return this.#effects
  }

  // ── sending ─────────────────────────────────────────────────────────────────────────────────────────

  #send(apdu: Uint8Array): void {
    if (this.#waiting.length === MAX_WAITING) return this.#fail('too-many-waiting')
    this.#waiting.push(encodeMessage(apdu))
  }

  /** The next message leaves when the last one got through and nobody is in the middle of a sentence. */
  #next(): void {
    if (this.#sending || this.#place !== 'idle') return
    const message = this.#waiting.shift()
    if (!message) return
    this.#sending = { message, repeats: 0 }
    this.#unreadable = 0
    this.#write()
  }

  #write(): void {
    if (!this.#sending) return
    this.#effects.push({ do: 'write', bytes: this.#sending.message })
    this.#timer('t2', this.#times.t2Ms)
  }

  #repeat(): void {
    if (!this.#sending) return
    const { message, repeats } = this.#sending
    if (repeats === MAX_REPEATS) return this.#fail('not-acknowledged')
    this.#counts.repeats += 1
    this.#sending = { message, repeats: repeats + 1 }
    this.#write()
  }

  /** It got through: by an ACK, or because the other side speaks of something new. */
  #through(): void {
    if (!this.#sending) return
    this.#sending = undefined
    this.#previous = this.#last ?? this.#previous
    this.#last = undefined
    this.#timer('t2')
  }

  // ── receiving ───────────────────────────────────────────────────────────────────────────────────────

  #byte(byte: number): void {
    switch (this.#place) {
      case 'idle':
        if (byte === DLE) this.#place = 'start'
        else if (byte === ACK) this.#through()
        else if (byte === NAK) this.#repeat()
        else this.#lose(1)
        return
      case 'start':
        return byte === STX ? this.#begin() : this.#lose(2)
      case 'data':
        if (byte === DLE) this.#place = 'escape'
        else this.#keep(byte)
        return
      case 'escape':
        if (byte === DLE) return this.#keep(DLE)
        if (byte === ETX) this.#place = 'check-low'
        // A new message begins in the middle of one: the rest of that one was lost.
        else if (byte === STX) this.#begin()
        else this.#lose(this.#apdu.length + 4)
        return
      case 'check-low':
        this.#low = byte
        this.#place = 'check-high'
        return
      case 'check-high':
        return this.#message(this.#low + byte * 256)
      case 'lost':
        if (byte === DLE) this.#place = 'lost-escape'
        else this.#lose(1)
        return
      case 'lost-escape':
        if (byte === STX) return this.#begin()
        this.#lose(byte === DLE ? 1 : 2)
        if (byte === DLE) this.#place = 'lost-escape'
    }
  }

  #begin(): void {
    this.#counts.noise += this.#place === 'escape' ? this.#apdu.length + 2 : 0
    this.#place = 'data'
    this.#apdu = []
    this.#noise = 0
  }

  #keep(byte: number): void {
    if (this.#apdu.length === ZVT_FRAMING.limitBytes) return this.#lose(this.#apdu.length + 3)
    this.#apdu.push(byte)
    this.#place = 'data'
  }

  /** Nothing makes sense until the line is silent or a message begins: an ACK in here would be an accident. */
  #lose(bytes: number): void {
    this.#counts.noise += bytes
    this.#noise += bytes
    this.#apdu = []
    this.#place = 'lost'
  }

  #message(check: number): void {
    const apdu = Uint8Array.from(this.#apdu)
    this.#apdu = []
    this.#place = 'idle'
    if (messageCheck(apdu) !== check || !isOneApdu(apdu)) return this.#unread()
    this.#unreadable = 0
    this.#effects.push({ do: 'write', bytes: Uint8Array.of(ACK) })
    // While our next order is not acknowledged they may repeat the end of the last one, if our ACK to it was lost.
    const before = this.#last ?? (this.#sending && isEnd(apdu) ? this.#previous : undefined)
    if (before && isSame(before, apdu)) {
      this.#counts.duplicates += 1
      return
    }
    // They heard us, or they would not go on; their ACK was lost, and a repeat could be taken for a second order.
    this.#through()
    this.#last = apdu
    this.#effects.push({ do: 'deliver', apdu })
  }

  #unread(): void {
    this.#unreadable += 1
    this.#counts.naks += 1
    this.#effects.push({ do: 'write', bytes: Uint8Array.of(NAK) })
    if (this.#unreadable > MAX_REPEATS) this.#fail('not-readable')
  }

  // ── time ────────────────────────────────────────────────────────────────────────────────────────────

  #tick(timer: LineTimer): void {
    const inside = this.#place !== 'idle'
    if (timer === 't2') {
      if (!this.#sending) return
      // They are saying something: what it is decides.
      if (inside) this.#timer('t2', this.#times.t1Ms)
      else this.#repeat()
      return
    }
    if (!inside) return
    const bytes = this.#place.startsWith('lost') ? this.#noise : this.#apdu.length + 2
    const broken = !this.#place.startsWith('lost') && this.#place !== 'start'
    if (!this.#place.startsWith('lost')) this.#counts.noise += bytes
    this.#place = 'idle'
    this.#apdu = []
    this.#noise = 0
    if (broken || bytes >= MIN_MESSAGE) this.#unread()
  }

  #listen(): void {
    if (this.#place === 'idle') this.#timer('t1')
    else this.#timer('t1', this.#times.t1Ms)
  }

  #timer(timer: LineTimer, afterMs?: number): void {
    this.#effects.push(afterMs === undefined ? { do: 'timer', timer } : { do: 'timer', timer, afterMs })
  }

  #fail(why: Extract<LineEffect, { do: 'fail' }>['why']): void {
    this.#failed = true
    this.#timer('t1')
    this.#timer('t2')
    this.#effects.push({ do: 'fail', why })
  }
}

/** A message holds one APDU, whole; a length that says otherwise would make nonsense of the next one. */
function isOneApdu(apdu: Uint8Array): boolean {
  if (apdu.length === 0) return false
  const seen = ZVT_FRAMING.next(apdu)
  return seen.cut === 'frame' && seen.frame !== 'not-zvt' && seen.used === apdu.length
}

/** 06 0F or 06 1E. */
function isEnd([kind, what]: Uint8Array): boolean {
  return kind === 0x06 && (what === 0x0f || what === 0x1e)
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}
