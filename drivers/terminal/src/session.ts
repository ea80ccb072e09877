// One side of a ZVT connection as a pure machine: commands, bytes, verdicts and ticks go in; frames, questions and
// timer requests come out. It knows no socket and no clock. The rule it exists for: a successful status information
// is acknowledged only after the till said that it kept it (PA00P015 ch. 2.2.8).
import {
  cutFrames,
  type EpochMs,
  type PaymentFacts,
  type TerminalAnswer,
  type TerminalQuestion,
  writeTlv,
} from '@cashdesk/kernel'
import { type Apdu, encodeApdu, ZVT_FRAMING } from './apdu.ts'
import type { Command } from './commands.ts'
import type {
  Break,
  DialogueEnd,
  Limits,
  SessionEffect,
  SessionInput,
  SessionState,
  TimerName,
} from './dialogue.ts'
import { BMP, CONTROL, MAX_APPROVAL_REPEATS, MAX_T4_MINUTES, NEGATIVE, POSITIVE, REPLY } from './frames.ts'
import { isOrdered, isSamePayment, type Misfit, misfitOf, paymentFacts } from './payment.ts'
import { type ReceiptKind, readIntermediate, readPrintBlock, readPrintLine } from './print.ts'
import { encodeAnswer, readQuestion } from './questions.ts'
import { placeAnswer } from './sequence.ts'
import { idleSession, Speech } from './speech.ts'
import { notedFacts, readAbort, readStatus, readTime } from './status.ts'

/** Frames that may wait for the till: a terminal that is owed an answer sends none, so this is generous. */
const MAX_QUEUE = 64

/** What ends a dialogue. */
const ENDS: ReadonlySet<number> = new Set([CONTROL.completion, CONTROL.aborted])

/** One step. Total: whatever comes in, in whatever phase, has an answer. */
export function step(
  state: SessionState,
  input: SessionInput,
): { readonly state: SessionState; readonly effects: readonly SessionEffect[] } {
  const turn = new Turn(state)
  turn.take(input)
  return { state: turn.state, effects: turn.effects }
}

/** The work of one step. */
class Turn extends Speech {
  take(input: SessionInput): void {
    switch (input.in) {
      case 'start':
        return this.start(input.command, input.at, input.limits)
      case 'bytes':
        return this.bytes(input.bytes)
      case 'tick':
        return this.tick(input.timer)
      case 'verdict':
        return this.verdict(input.verdict)
      case 'printed':
        return this.printed(input.kept)
      case 'answered':
        return this.answer(input.question, input.answer)
      case 'abort':
        return this.abort()
      case 'charset':
        return this.set({ charset: input.charset })
      case 'counting':
        return this.counting(input.on)
      case 'closed':
        return this.broken('link-lost')
    }
  }

  // ── inputs ──────────────────────────────────────────────────────────────────────────────────────────

  private start(command: Command, at: EpochMs, limits: Limits): void {
    const paper: ReceiptKind = command.paper === 'payment' ? 'merchant' : 'admin'
    const { charset, pending, count } = this.state
    this.state = {
      ...idleSession(charset),
      ...(count && { count }),
      pending,
      phase: 'sent',
      command,
      at,
      limits,
      paper,
      t4Ms: limits.t4Ms,
    }
    this.order(command.frame, command.frameWith)
    this.timer('answer', limits.t3Ms)
    this.timer('whole', limits.wholeMs)
  }

  private bytes(bytes: Uint8Array): void {
    const { frames, pending } = cutFrames(ZVT_FRAMING, this.state.pending, bytes)
    const wasCut = this.state.pending.length > 0
    this.set({ pending })
    if (pending.length === 0 && wasCut) this.timer('frame')
    if (pending.length > 0 && (!wasCut || frames.length > 0))
      this.timer('frame', this.state.limits?.t3Ms ?? 5000)
    const apdus = frames.filter(frame => frame !== 'not-zvt')
    if (apdus.length < frames.length || this.state.queue.length + apdus.length > MAX_QUEUE) {
      this.set({ queue: [] })
      // What came whole before the nonsense was really said.
      for (const apdu of apdus.slice(0, MAX_QUEUE)) if (this.state.owes === undefined) this.handle(apdu)
      return this.broken('malformed')
    }
    this.set({ queue: [...this.state.queue, ...apdus] })
    this.drain()
  }

  private tick(timer: TimerName): void {
    if (timer === 'approval') return this.approvalLate()
    if (timer === 'question') return this.refuseQuestion()
    if (timer === 'frame' && this.state.pending.length > 0) return this.broken('malformed')
    if (this.state.phase === 'idle') return
    if (timer === 'answer' && this.state.phase === 'sent') return this.broken('no-answer')
    if (timer === 'dialogue' && this.state.phase === 'running') return this.broken('no-answer')
    if (timer === 'whole') return this.broken('no-answer')
  }

  private verdict(verdict: 'accept' | 'reject'): void {
    const { owes, phase, queue, seen } = this.state
    if (phase !== 'running' || seen.approval !== 'asked') return
    const approval = verdict === 'accept' ? 'accepted' : 'rejected'
    this.see({ approval })
    // Without a debt the terminal was told to wait: it repeats the question, and gets this answer then.
    if (owes !== 'approval') return
    // A terminal that went on without our answer does not book by it.
    if (queue.some(({ control }) => ENDS.has(control))) this.see({ contradicted: true })
    this.payDebt()
    if (approval === 'accepted') this.acknowledge()
    else this.reply(REPLY.reject)
    this.drain()
  }

  private printed(kept: boolean): void {
    if (this.state.owes !== 'print') return
    this.payDebt()
    // Before an approval it is a text of the dialogue; after it, part of the commit point.
    if (!kept && this.state.seen.approval !== 'none') this.see({ unprinted: true })
    this.reply(kept ? REPLY.accept : REPLY.noPrinter)
    this.drain()
  }

  /** Not before our command was accepted, not in place of an answer, and not after an approval: then the verdict counts. */
  private abort(): void {
    const { phase, abort, owes, seen } = this.state
    if (phase === 'idle' || abort === 'sent' || abort === 'answered') return
    this.set({ abort: 'wanted' })
    // Whoever aborts does not answer any more.
    if (owes === 'question') return this.refuseQuestion()
    if (phase !== 'running' || owes !== undefined || seen.approval !== 'none') return
    this.set({ abort: 'sent' })
    this.order(encodeApdu(CONTROL.abort), tlv => encodeApdu(CONTROL.abort, writeTlv(BMP.tlv, tlv)))
  }

  private answer(question: TerminalQuestion, answer: TerminalAnswer): void {
    if (this.state.owes !== 'question' || this.state.question !== question) return
    const container = encodeAnswer(question, answer)
    if (!container) return this.refuseQuestion()
    this.payDebt()
    this.reply(REPLY.accept, container)
    this.drain()
  }

  /** No is what a question gets that nobody answers with something else. */
  private refuseQuestion(): void {
    if (this.state.owes !== 'question') return
    this.payDebt()
    this.reply(REPLY.reject)
    this.drain()
  }

  /** The till has not answered in time: the terminal repeats, and after too many times we say no. */
  private approvalLate(): void {
    if (this.state.owes !== 'approval') return
    this.payDebt()
    this.set({ repeats: this.state.repeats + 1 })
    if (this.state.repeats > MAX_APPROVAL_REPEATS) {
      this.see({ approval: 'rejected' })
      this.reply(REPLY.reject)
    } else {
      this.reply(REPLY.wait)
    }
    this.drain()
  }

  // ── frames ──────────────────────────────────────────────────────────────────────────────────────────

  private drain(): void {
    while (this.state.owes === undefined) {
      const [next, ...queue] = this.state.queue
      if (next === undefined) break
      this.set({ queue })
      this.handle(next)
    }
    if (this.state.abort === 'wanted') this.abort()
  }

  private handle(apdu: Apdu): void {
    const { phase } = this.state
    const kind = apdu.control >> 8
    if (kind === POSITIVE || kind === NEGATIVE) return this.answered(apdu)
    if (this.isRepeat(apdu)) return
    if (phase === 'idle')
      return this.reply(apdu.control === CONTROL.status ? REPLY.reject : REPLY.notPossible)
    if (phase === 'sent' && this.isStale(apdu)) return
    switch (apdu.control) {
      case CONTROL.intermediate:
        return this.intermediate(apdu.data)
      case CONTROL.status:
        return this.status(apdu.data)
      case CONTROL.completion:
        this.reply(REPLY.accept)
        return this.end({ how: 'completed', data: apdu.data, seen: this.state.seen })
      case CONTROL.aborted:
        this.reply(REPLY.accept)
        return this.end({
          how: 'aborted',
          ...readAbort(apdu.data, this.state.charset),
          seen: this.state.seen,
        })
      case CONTROL.printLine:
      case CONTROL.printBlock:
        return this.print(apdu)
      case CONTROL.setTime: {
        const time = readTime(apdu.data)
        if (time !== undefined) this.see({ time })
        return this.reply(REPLY.accept)
      }
      case CONTROL.inputRequest:
      case CONTROL.menuRequest:
        return this.question(apdu)
      default:
        return this.reply(REPLY.notPossible)
    }
  }

  /**
   * Before the terminal took our command, nothing that it says of a transaction or its end is about ours: it belongs to
   * what was before. An approval is not acknowledged; a repeated end ends nothing.
   */
  private isStale({ control }: Apdu): boolean {
    const isEnd = ENDS.has(control)
    if (!isEnd && control !== CONTROL.status) return false
    this.reply(isEnd ? REPLY.accept : REPLY.reject)
    return true
  }

  /** 80 or 84: to our command, or to our abort. An abort that was refused, or not answered, proves nothing. */
  private answered({ control, data }: Apdu): void {
    const { phase, count, abort } = this.state
    if (phase === 'running' && abort === 'sent') return this.set({ abort: 'answered' })
    if (phase !== 'sent' || (count && placeAnswer(count, data) === 'late')) return
    // 84 00 is positive too (PA00P016 ch. 5.2.3).
    if (control >> 8 === POSITIVE || (control & 0xff) === 0) return this.accepted()
    this.end({ how: 'not-accepted', code: control & 0xff, seen: this.state.seen })
  }

  private accepted(): void {
    this.set({ phase: 'running' })
    this.timer('answer')
    if (this.state.command?.completes === false)
      return this.end({ how: 'completed', data: new Uint8Array(0), seen: this.state.seen })
    this.timer('dialogue', this.state.t4Ms)
    if (this.state.abort === 'wanted') this.abort()
  }

  private intermediate(data: Uint8Array): void {
    const { minutes, text } = readIntermediate(data, this.state.charset)
    if (minutes !== undefined) this.set({ t4Ms: Math.min(minutes, MAX_T4_MINUTES) * 60_000 })
    this.timer('dialogue', this.state.t4Ms)
    this.effects.push({ do: 'say', text })
    this.reply(REPLY.accept)
  }

  private print({ control, data }: Apdu): void {
    const { paper, charset } = this.state
    const read = control === CONTROL.printLine ? readPrintLine : readPrintBlock
    const { lines, last } = read(data, paper, charset)
    // Line by line nothing says whose receipt it is; after a last line the other one begins.
    if (last && paper !== 'admin') this.set({ paper: paper === 'merchant' ? 'customer' : 'merchant' })
    if (lines.length === 0) return this.reply(REPLY.accept)
    this.set({ owes: 'print' })
    this.effects.push({ do: 'print', lines })
  }

  private question({ control, data }: Apdu): void {
    const question = readQuestion(control, data, this.state.charset)
    if (!question) return this.reply(REPLY.notPossible)
    this.timer('dialogue', this.state.t4Ms)
    this.set({ owes: 'question', question })
    this.timer('question', this.state.limits?.questionMs ?? 0)
    this.effects.push({ do: 'question', question })
  }

  private status(data: Uint8Array): void {
    const { command, at, charset, t4Ms } = this.state
    const report = readStatus(data, at, charset)
    this.timer('dialogue', t4Ms)
    const facts = notedFacts(report)
    if (Object.keys(facts).length > 0) this.effects.push({ do: 'note', facts })
    if (command?.status === 'note') {
      this.see({ last: report })
      this.reply(REPLY.accept)
      if (command.completes === 'by-status')
        this.end({ how: 'completed', data: new Uint8Array(0), seen: this.state.seen })
      return
    }
    if (command?.status !== 'approval') return this.reply(REPLY.reject)
    this.see({ last: report })
    if (report.resultCode === undefined) return this.unreadable()
    const paid = paymentFacts(report, command)
    // Read behind an unknown BMP, only an approval of just what was ordered is believed: what follows confirms it.
    if (report.guessed && !(report.resultCode === 0 && isOrdered(paid, command))) return this.unreadable()
    if (report.resultCode !== 0) return this.declined()
    // An amount that was left out is the ordered one; an amount that could not be read may be any.
    if (report.facts.amountMinor === undefined && !report.whole) return this.unreadable()
    this.approval(paid, misfitOf(paid, report, command))
  }

  /** A refusal, or the terminal's word that it took an approval back. */
  private declined(): void {
    const { approval } = this.state.seen
    if (approval === 'asked' || approval === 'accepted') this.see({ contradicted: true })
    this.reply(REPLY.accept)
  }

  /** Whether money moved cannot be read. A positive answer would book what the till does not know of. */
  private unreadable(): void {
    const { approval } = this.state.seen
    if (approval === 'accepted') return this.acknowledge()
    if (approval === 'asked') return this.reply(REPLY.wait)
    this.see({ unreadable: true })
    this.reply(REPLY.reject)
  }

  private approval(facts: PaymentFacts, misfit: Misfit | undefined): void {
    const { approval, approved } = this.state.seen
    if (approved !== undefined && (misfit || !isSamePayment(approved, facts))) {
      this.see({ contradicted: true })
      return this.reply(REPLY.reject)
    }
    if (approval === 'none' && misfit) {
      this.see({ approval: 'rejected', misfit })
      return this.reply(REPLY.reject)
    }
    if (approval === 'rejected') return this.reply(REPLY.reject)
    if (approval === 'accepted') {
      this.see({ approved: { ...approved, ...facts } })
      return this.acknowledge()
    }
    if (approval === 'none') {
      this.see({ approval: 'asked', approved: facts })
      this.effects.push({ do: 'ask', facts })
    }
    this.set({ owes: 'approval' })
    this.timer('approval', this.state.limits?.approvalMs ?? 0)
  }

  // ── small change ────────────────────────────────────────────────────────────────────────────────────

  private acknowledge(): void {
    this.see({ acknowledged: true })
    this.reply(REPLY.accept)
  }

  private broken(why: Break): void {
    this.set({ pending: new Uint8Array(0), queue: [] })
    if (why !== 'link-lost') this.effects.push({ do: 'drop', why })
    if (this.state.phase !== 'idle') this.end({ how: 'broken', why, seen: this.state.seen })
  }

  private end(end: DialogueEnd): void {
    const { charset, pending, queue, count } = this.state
    for (const timer of ['answer', 'dialogue', 'approval', 'question', 'whole'] as const) this.timer(timer)
    const isOwed = this.state.abort === 'sent' && end.how !== 'broken'
    this.state = { ...idleSession(charset), ...(count && { count }), pending, queue }
    this.effects.push({ do: 'end', end })
    // Our abort crossed the end, and its answer is still on its way: the next order would take it for its own.
    if (isOwed) this.broken('no-answer')
  }
}
