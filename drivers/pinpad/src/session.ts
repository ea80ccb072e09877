// The line to a PIN pad without the line: bytes, ticks and wishes go in, bytes to send and the end of an exchange
// come out. Pure, so that every interruption can be tried.
import { cutFrames } from '@cashdesk/kernel'
import { ACK, ATTEMPTS, EOT, FRAMING, type Frame, NAK, PACKET, packetBytes } from './frames.ts'
import { isAnswer } from './packets.ts'

/** One packet of an exchange, and what ends it: its acknowledgement, that and an EOT if one comes, or an answer. */
export interface Step {
  readonly bytes: Uint8Array
  readonly until: 'ack' | 'eot' | 'answer'
}

export interface SessionTimes {
  /** For the acknowledgement of a packet. */
  readonly ackMs: number
  /** For an EOT behind an acknowledgement; the exchange goes on without. */
  readonly settleMs: number
  /** For the customer. */
  readonly entryMs: number
}

/** How an exchange ended. Only `answered` carries data. */
export type SessionEnd =
  | { readonly how: 'answered'; readonly text: string }
  | { readonly how: 'done' }
  /** EOT: the customer cancelled, the pad's time ran out, or it does not want to. */
  | { readonly how: 'ended-by-pad' }
  /** We ended it, and the pad said so. */
  | { readonly how: 'stopped' }
  /** The pad sent NAK each time: it never took the packet. */
  | { readonly how: 'not-taken' }
  | { readonly how: 'silent' }
  /** Its answer came garbled each time. */
  | { readonly how: 'garbled' }
  | { readonly how: 'lost' }

export interface Reaction {
  readonly send: readonly Uint8Array[]
  readonly end?: SessionEnd
  /** Answers that belong to nothing that is open: late ones and repetitions. */
  readonly strays?: readonly string[]
}

export interface SessionCounts {
  readonly packetsIn: number
  readonly packetsOut: number
  readonly repeats: number
  readonly garbled: number
  /** Packets that nobody had asked for: late answers and repetitions. */
  readonly strays: number
  readonly discardedBytes: number
}

type Phase = 'idle' | 'unacknowledged' | 'settling' | 'waiting' | 'stopping'

/** Packets of one arrival that are replied to. A pad waits for each reply; only a mad one sends more. */
const MAX_REPLIES = 16
/** A line that never falls silent behind a cancel is given up after so many times the silence that is wanted. */
const MAX_UNREST = 20

/** Ends whatever the pad is at. */
export const CANCEL: Step = { bytes: packetBytes(PACKET.cancel), until: 'eot' }

/** One connection to a pad. One exchange at a time; `start` during one is a mistake of the caller. */
export class PadSession {
  readonly #times: SessionTimes
  #phase: Phase = 'idle'
  #pending: Uint8Array = new Uint8Array(0)
  #steps: readonly Step[] = []
  #at = 0
  #attempts = 0
  /** A packet of this exchange went out twice: two acknowledgements may come. */
  #repeated = false
  #garbled = 0
  #sawEot = false
  /** The pad took the request for an answer: only what comes from then on can be its answer. */
  #answerOpen = false
  /** What `stopping` leads to. */
  #stopEnd: SessionEnd = { how: 'stopped' }
  #stopTaken = false
  /**
   * The pad may be in the middle of something that we did not see end, or the line may still bring what belongs to it:
   * before we ask anew it is told to stop, and the line falls silent. Else an old acknowledgement would open the door
   * to an old answer.
   */
  #unclean = true
  /** A request of ours may still be answered: then the pad must take our cancel, too. */
  #owing: boolean
  #restUntilMs = 0
  #deadlineMs: number | undefined
  #counts: { -readonly [name in keyof SessionCounts]: SessionCounts[name] } = {
    packetsIn: 0,
    packetsOut: 0,
    repeats: 0,
    garbled: 0,
    strays: 0,
    discardedBytes: 0,
  }

  /** @param owing as the session before it on this pad was */
  constructor(times: SessionTimes, owing = false) {
    this.#times = times
    this.#owing = owing
  }

  /** The next exchange begins with a cancel and a silent line. */
  get unclean(): boolean {
    return this.#unclean
  }

  get owing(): boolean {
    return this.#owing
  }

  get counts(): SessionCounts {
    return { ...this.#counts }
  }

  /** When `tick` is due; undefined: never. */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs
  }

  /** Whoever is asked for a PIN is told to stop first: whatever ran before, it has no answer any more. */
  start(steps: readonly Step[], nowMs: number): Reaction {
    const asks = steps.some(({ until }) => until === 'answer')
    this.#steps = this.#unclean || asks ? [CANCEL, ...steps] : steps
    this.#at = 0
    this.#repeated = false
    return { send: [this.#sendStep(nowMs)] }
  }

  /** What the pad answered cannot be true: nothing that comes from it is believed before it was told to stop. */
  doubt(): void {
    this.#unclean = true
  }

  /** Ends the exchange that runs; nothing to do where none does. */
  stop(nowMs: number): Reaction {
    if (this.#phase === 'idle' || this.#phase === 'stopping') return { send: [] }
    return this.#stop({ how: 'stopped' }, nowMs)
  }

  /** Takes what arrived, cut anywhere. */
  bytes(chunk: Uint8Array, nowMs: number): Reaction {
    const { frames, pending, discarded } = cutFrames(FRAMING, this.#pending, chunk)
    this.#pending = pending
    this.#counts.discardedBytes += discarded
    const send: Uint8Array[] = []
    const strays: string[] = []
    let end: SessionEnd | undefined = this.#unrest(nowMs)
    for (const frame of frames) {
      const reaction = this.#frame(frame, nowMs)
      // The reply that an end brings always goes out; those to a flood do not pile up.
      if (send.length < MAX_REPLIES || reaction.end !== undefined) send.push(...reaction.send)
      // An answer that came twice at once, because we were slow to acknowledge it, is no other one.
      const again = end?.how === 'answered' ? end.text : undefined
      if (strays.length < MAX_REPLIES) strays.push(...(reaction.strays ?? []).filter(text => text !== again))
      end ??= reaction.end
    }
    return { send, ...(end === undefined ? {} : { end }), ...(strays.length === 0 ? {} : { strays }) }
  }

  /** The time of `deadlineMs` has come. */
  tick(nowMs: number): Reaction {
    if (this.#deadlineMs === undefined || nowMs < this.#deadlineMs) return { send: [] }
    if (this.#phase === 'settling') return this.#advance(nowMs)
    if (this.#phase === 'waiting') return this.#stop({ how: 'silent' }, nowMs)
    if (this.#phase === 'stopping' && this.#stopTaken) return this.#over(this.#stopEnd, true)
    return this.#repeatOr(this.#sawEot ? { how: 'ended-by-pad' } : { how: 'silent' }, nowMs)
  }

  /** The line is gone, and whatever ran with it. */
  lost(): Reaction {
    this.#pending = new Uint8Array(0)
    this.#unclean = true
    return this.#phase === 'idle' ? { send: [] } : this.#over({ how: 'lost' }, true)
  }

  #frame(frame: Frame, nowMs: number): Reaction {
    if (frame.kind === 'packet') return this.#packet(frame)
    if (frame.kind === 'ack') return this.#acknowledged(nowMs)
    if (frame.kind === 'nak') {
      const open = this.#phase === 'unacknowledged' || (this.#phase === 'stopping' && !this.#stopTaken)
      return open ? this.#repeatOr({ how: 'not-taken' }, nowMs) : { send: [] }
    }
    return this.#ended(nowMs)
  }

  #packet(frame: Frame & { readonly kind: 'packet' }): Reaction {
    this.#counts.packetsIn += 1
    const wanted = this.#answerOpen
    if (!frame.intact) {
      this.#counts.garbled += 1
      this.#garbled += 1
      if (this.#garbled < ATTEMPTS || !wanted) return { send: [Uint8Array.of(NAK)] }
      return this.#over({ how: 'garbled' }, true, [Uint8Array.of(EOT)])
    }
    const acknowledgement = Uint8Array.of(ACK)
    if (!wanted || frame.admin || !isAnswer(frame.text)) {
      // Acknowledged, so that the pad does not repeat it for ever; it belongs to nothing that is open.
      this.#counts.strays += 1
      if (frame.admin || !isAnswer(frame.text)) return { send: [acknowledgement] }
      this.#unclean = true
      return { send: [acknowledgement], strays: [frame.text] }
    }
    return this.#over({ how: 'answered', text: frame.text }, this.#phase === 'stopping', [acknowledgement])
  }

  #acknowledged(nowMs: number): Reaction {
    if (this.#phase === 'stopping') {
      this.#stopTaken = true
      this.#deadlineMs = nowMs + this.#times.settleMs
    } else if (this.#phase === 'unacknowledged') {
      const { until } = this.#steps[this.#at] ?? CANCEL
      if (until === 'ack') return this.#advance(nowMs)
      if (until === 'eot') return this.#settle(nowMs)
      this.#phase = 'waiting'
      this.#answerOpen = true
      this.#deadlineMs = nowMs + this.#times.entryMs
    }
    return { send: [] }
  }

  #ended(nowMs: number): Reaction {
    if (this.#phase === 'settling') return this.#resting ? { send: [] } : this.#advance(nowMs)
    if (this.#phase === 'waiting') return this.#over({ how: 'ended-by-pad' }, false)
    if (this.#phase === 'stopping') return this.#over(this.#stopEnd, false)
    if (this.#phase !== 'unacknowledged') return { send: [] }
    // Before its acknowledgement an EOT may belong to what was before. A pad may end its session on `72` without one,
    // so little is waited for then; an acknowledgement and another EOT still find their place.
    this.#sawEot = true
    return this.#steps[this.#at] === CANCEL ? this.#settle(nowMs) : { send: [] }
  }

  #settle(nowMs: number): Reaction {
    const { settleMs } = this.#times
    this.#phase = 'settling'
    this.#deadlineMs = nowMs + settleMs
    this.#restUntilMs = nowMs + settleMs * MAX_UNREST
    return { send: [] }
  }

  /** Behind a cancel that was needed the line falls silent before anything is asked. */
  get #resting(): boolean {
    return this.#phase === 'settling' && this.#unclean && this.#steps[this.#at] === CANCEL
  }

  /** Something came while silence is wanted; the end where it never falls silent. */
  #unrest(nowMs: number): SessionEnd | undefined {
    if (!this.#resting) return undefined
    this.#deadlineMs = nowMs + this.#times.settleMs
    return nowMs < this.#restUntilMs ? undefined : this.#over({ how: 'silent' }, true).end
  }

  #advance(nowMs: number): Reaction {
    if (this.#steps[this.#at] === CANCEL) {
      this.#unclean = false
      this.#owing = false
    }
    this.#at += 1
    if (this.#at >= this.#steps.length) return this.#over({ how: 'done' }, false)
    return { send: [this.#sendStep(nowMs)] }
  }

  /**
   * Once more, or `end` when it went out often enough. A pad that is deaf to `72` is asked without it, unless it may
   * still answer what was asked before.
   */
  #repeatOr(end: SessionEnd, nowMs: number): Reaction {
    const stopping = this.#phase === 'stopping'
    const step = this.#steps[this.#at]
    if (this.#attempts >= ATTEMPTS) {
      const unknown = !stopping && step === CANCEL && end.how !== 'not-taken'
      if (unknown && !this.#owing) return this.#advance(nowMs)
      const gaveUp: SessionEnd = stopping ? { how: 'silent' } : end
      return this.#over(gaveUp, true, end.how === 'not-taken' ? [Uint8Array.of(EOT)] : [])
    }
    this.#attempts += 1
    this.#repeated = true
    this.#counts.repeats += 1
    this.#deadlineMs = nowMs + this.#times.ackMs
    return { send: [stopping || step === undefined ? CANCEL.bytes : step.bytes] }
  }

  #stop(end: SessionEnd, nowMs: number): Reaction {
    this.#phase = 'stopping'
    this.#stopEnd = end
    this.#stopTaken = false
    this.#attempts = 1
    this.#deadlineMs = nowMs + this.#times.ackMs
    this.#counts.packetsOut += 1
    return { send: [CANCEL.bytes] }
  }

  #sendStep(nowMs: number): Uint8Array {
    this.#phase = 'unacknowledged'
    this.#attempts = 1
    this.#garbled = 0
    this.#sawEot = false
    this.#deadlineMs = nowMs + this.#times.ackMs
    this.#counts.packetsOut += 1
    const step = this.#steps[this.#at] ?? CANCEL
    if (step.until === 'answer') this.#owing = true
    return step.bytes
  }

  #over(end: SessionEnd, unclean: boolean, send: readonly Uint8Array[] = []): Reaction {
    this.#phase = 'idle'
    this.#steps = []
    this.#answerOpen = false
    this.#deadlineMs = undefined
    this.#unclean ||= unclean || this.#repeated
    if (!this.#unclean) this.#owing = false
    return { send, end }
  }
}
