// A terminal on a serial line: every frame is acknowledged, repeated when it was not understood, and given up after
// two repeats. To the terminal behind it the line looks like a connection that a register opens by its first frame.
import type { Stop } from '@cashdesk/kernel'
import type { Timing, Wire } from '../wire.ts'
import { LineAccidents } from './line-accidents.ts'
import { frame, type Heard, SerialReader, SIGN } from './serial.ts'
import { REPLY } from './tables.ts'

/** All times in ms. */
export interface LineOptions {
  /** The longest silence within a frame (T1); default 200. */
  readonly t1Ms?: number
  /** The wait for ACK or NAK (T2); default 5,000. */
  readonly t2Ms?: number
}

export type LineState = {
  /** Frames received in order, acknowledged or not. */
  readonly frames: number
  /** Frames that were not understood. */
  readonly bad: number
  /** Frames that came once more although they had been understood. */
  readonly duplicates: number
  /** Bytes between frames. */
  readonly noise: number
  readonly sent: number
  readonly repeated: number
  /** Frames that nobody acknowledged. */
  readonly givenUp: number
}

/** PA00P016 ch. 3.5. */
const MAX_REPEATS = 2
/** A terminal asks one thing at a time and answers another: more frames than this never wait. */
const MAX_WAITING = 64

interface Session {
  readonly listener: { data(bytes: Buffer): void; ended(): void } | undefined
  readonly early: Buffer[]
}

interface Outgoing {
  readonly bytes: Buffer
  readonly left: (() => void) | undefined
  repeats: number
}

class SerialLine {
  readonly #wire: Wire
  readonly #timing: Timing
  readonly #called: (wire: Wire) => boolean
  readonly #t1Ms: number
  readonly #t2Ms: number
  readonly #reader = new SerialReader()
  readonly #waiting: Outgoing[] = []
  readonly #accidents: LineAccidents
  readonly #counted: { -readonly [name in keyof LineState]: LineState[name] } = { ...NOTHING_YET }
  #session: Session | undefined
  #stopT1: Stop | undefined
  #stopT2: Stop | undefined
  /** The last frame that was taken, until the register acknowledged something of ours after it. */
  #last: Buffer | undefined

  /** `called` says whether the terminal takes the call. */
  constructor(
    wire: Wire,
    timing: Timing,
    called: (wire: Wire) => boolean,
    accidents: LineAccidents,
    options: LineOptions = {},
  ) {
    this.#wire = wire
    this.#timing = timing
    this.#called = called
    this.#accidents = accidents
    this.#t1Ms = options.t1Ms ?? 200
    this.#t2Ms = options.t2Ms ?? 5_000
  }

  listen(): void {
    this.#wire.listen({ data: bytes => this.#receive(bytes), ended: () => this.#gone() })
  }

  get state(): LineState {
    return { ...this.#counted }
  }

  #receive(bytes: Buffer): void {
    for (const heard of this.#reader.push(bytes)) this.#hear(heard)
    this.#stopT1?.()
    this.#stopT1 = undefined
    if (!this.#reader.midway) return
    this.#stopT1 = this.#timing.clock.after(this.#t1Ms, () => {
      this.#reader.drop()
      this.#bad()
    })
  }

  #hear(heard: Heard): void {
    if (heard.kind === 'frame') this.#frame(heard.apdu)
    else if (heard.kind === 'bad') this.#bad()
    else if (heard.kind === 'ack') this.#acknowledged()
    else if (heard.kind === 'nak') this.#repeat()
    else this.#counted.noise += 1
  }

  #bad(): void {
    this.#counted.bad += 1
    this.#put(Buffer.from([SIGN.nak]))
  }

  #frame(apdu: Buffer): void {
    this.#counted.frames += 1
    if (this.#accidents.strikes('line-nak')) {
      this.#put(Buffer.from([SIGN.nak]))
      return
    }
    const isAnswer = apdu[0] === REPLY.positive || apdu[0] === REPLY.negative
    // An answer to a terminal that is not there any more, or a call that nobody takes: nobody acknowledges it.
    if (this.#session === undefined && (isAnswer || !this.#open())) return
    if (!this.#accidents.strikes('line-lost-ack')) this.#put(Buffer.from([SIGN.ack]))
    // Who answers has understood, and who speaks of something new has, even if the ACK was lost.
    if (!this.#isRepeated(apdu)) this.#acknowledged()
    if (this.#isRepeated(apdu)) {
      this.#counted.duplicates += 1
      return
    }
    this.#last = apdu
    const session = this.#session
    if (session?.listener === undefined) session?.early.push(apdu)
    else session.listener.data(apdu)
  }

  /** The same frame once more, while the register has heard nothing new from us: our ACK was lost on its way. */
  #isRepeated(apdu: Buffer): boolean {
    return this.#last?.equals(apdu) === true
  }

  #open(): boolean {
    // What a register that hung up did not acknowledge is not for the one that calls now.
    this.#stopT2?.()
    this.#stopT2 = undefined
    for (const { left } of this.#waiting.splice(0)) left?.()
    this.#last = undefined
    const early: Buffer[] = []
    let session: Session = { listener: undefined, early }
    const mine = (): boolean => this.#session === session
    const hangUp = (): void => {
      if (mine()) this.#session = undefined
    }
    this.#session = session
    const taken = this.#called({
      listen: listener => {
        const was = mine()
        session = { listener, early }
        if (was) this.#session = session
        for (const apdu of early.splice(0)) listener.data(apdu)
      },
      write: (bytes, left) => {
        if (mine()) this.#send(Buffer.from(bytes), left)
        else left?.()
      },
      end: hangUp,
      reset: hangUp,
      pause: () => undefined,
      resume: () => undefined,
    })
    if (!taken) hangUp()
    return taken
  }

  #send(bytes: Buffer, left: (() => void) | undefined): void {
    if (this.#waiting.length >= MAX_WAITING) {
      left?.()
      return
    }
    this.#waiting.push({ bytes, left, repeats: 0 })
    if (this.#waiting.length === 1) this.#transmit()
  }

  #transmit(): void {
    const next = this.#waiting[0]
    this.#stopT2?.()
    this.#stopT2 = undefined
    if (next === undefined) return
    this.#counted.sent += 1
    this.#put(this.#accidents.spoil(frame(next.bytes)))
    this.#stopT2 = this.#timing.clock.after(this.#t2Ms, () => this.#repeat())
  }

  #repeat(): void {
    const next = this.#waiting[0]
    if (next === undefined) return
    if (next.repeats >= MAX_REPEATS) {
      this.#counted.givenUp += 1
      this.#gone()
      return
    }
    next.repeats += 1
    this.#counted.repeated += 1
    this.#transmit()
  }

  #acknowledged(): void {
    const done = this.#waiting.shift()
    if (done === undefined) return
    this.#last = undefined
    done.left?.()
    this.#transmit()
  }

  #put(bytes: Buffer): void {
    if (!this.#accidents.splits) this.#wire.write(bytes)
    else for (const byte of bytes) this.#wire.write(Buffer.from([byte]))
  }

  /** The line broke, or nobody acknowledges any more. */
  #gone(): void {
    this.#stopT1?.()
    this.#stopT2?.()
    this.#last = undefined
    const session = this.#session
    this.#session = undefined
    for (const { left } of this.#waiting.splice(0)) left?.()
    session?.listener?.ended()
  }
}

/** The terminal's serial end: one line at a time, and what went over all of them. */
export class SerialEnd {
  readonly accidents: LineAccidents = new LineAccidents()
  readonly #connect: (wire: Wire) => SerialLine
  #line: SerialLine | undefined

  /** `called` says whether the terminal takes the call. */
  constructor(timing: Timing, called: (wire: Wire) => boolean, options: LineOptions = {}) {
    this.#connect = wire => new SerialLine(wire, timing, called, this.accidents, options)
  }

  connect(wire: Wire): void {
    this.#line = this.#connect(wire)
    this.#line.listen()
  }

  /** Of the last line that was connected. */
  get state(): LineState {
    return this.#line?.state ?? NOTHING_YET
  }
}

const NOTHING_YET: LineState = {
  frames: 0,
  bad: 0,
  duplicates: 0,
  noise: 0,
  sent: 0,
  repeated: 0,
  givenUp: 0,
}
