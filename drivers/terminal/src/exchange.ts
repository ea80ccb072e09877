// Runs the pure session over a link: performs its effects, keeps its timers, asks the till its questions. One dialogue
// at a time; a late answer to a question of an earlier dialogue is not heard.
import {
  CashdeskError,
  type Clock,
  type Facts,
  type PaymentFacts,
  type Stop,
  type TerminalAnswer,
  type TerminalPrintLine,
  type TerminalQuestion,
  type Transport,
} from '@cashdesk/kernel'
import { keepOpen, type Link } from '@cashdesk/transport'
import type { Charset } from './charset.ts'
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
import { step } from './session.ts'
import { idleSession, NOTHING_SEEN } from './speech.ts'

/** Who answers the terminal's questions during one dialogue. */
export interface Counterpart {
  /** Absent: nobody keeps approvals, so they are rejected. */
  readonly ask?: ((facts: PaymentFacts) => Promise<'accept' | 'reject'>) | undefined
  /** Absent: there is no paper, and the terminal is told so. */
  readonly print?: ((lines: readonly TerminalPrintLine[]) => Promise<void>) | undefined
  readonly say?: ((text: string) => void) | undefined
  /** Absent: nobody answers, and that is no. */
  readonly question?: ((question: TerminalQuestion) => Promise<TerminalAnswer>) | undefined
}

export interface ExchangeListener {
  up(): void
  down(error: CashdeskError): void
  note(facts: Facts): void
}

export interface ExchangeCounts {
  readonly framesOut: number
  readonly bytesIn: number
  readonly dialogues: number
  readonly dropped: number
}

const DROPPED: { readonly [why in Break]: 'transport.closed' | 'terminal.malformed' | 'terminal.no-answer' } =
  {
    'link-lost': 'transport.closed',
    malformed: 'terminal.malformed',
    'no-answer': 'terminal.no-answer',
  }

export class Exchange {
  readonly link: Link
  readonly #clock: Clock
  readonly #listener: ExchangeListener
  readonly #timers: Map<TimerName, Stop> = new Map()
  readonly #counts: { -readonly [name in keyof ExchangeCounts]: number } = {
    framesOut: 0,
    bytesIn: 0,
    dialogues: 0,
    dropped: 0,
  }
  /** Holds the input that is being worked on and what its effects brought about: a handful. */
  readonly #inbox: SessionInput[] = []
  #state: SessionState
  #running: { readonly with: Counterpart; readonly ended: (end: DialogueEnd) => void } | undefined
  #lastHeardMs: number

  constructor(
    transport: Transport,
    clock: Clock,
    options: { readonly charset: Charset; readonly openTimeoutMs: number },
    listener: ExchangeListener,
  ) {
    this.#clock = clock
    this.#listener = listener
    this.#state = idleSession(options.charset)
    this.#lastHeardMs = clock.monotonicMs()
    this.link = keepOpen(
      transport,
      {
        up: () => this.#up(options.charset),
        down: error => this.#down(error),
        data: bytes => this.#data(bytes),
      },
      { clock, openTimeoutMs: options.openTimeoutMs },
    )
  }

  get counts(): ExchangeCounts {
    return { ...this.#counts }
  }

  /** How long the terminal has said nothing. */
  get quietMs(): number {
    return this.#clock.monotonicMs() - this.#lastHeardMs
  }

  /** Sends a command and sees its dialogue through. Its first byte is handed over before this returns, or never. */
  run(command: Command, limits: Limits, counterpart: Counterpart): Promise<DialogueEnd> {
    if (this.#running || !this.link.isUp) return Promise.resolve({ how: 'not-sent', seen: NOTHING_SEEN })
    this.#counts.dialogues += 1
    return new Promise(ended => {
      this.#running = { with: counterpart, ended }
      this.#post({ in: 'start', command, at: this.#clock.now(), limits })
    })
  }

  /** Asks the terminal to abort the dialogue that is running. */
  abort(): void {
    this.#post({ in: 'abort' })
  }

  speak(charset: Charset): void {
    this.#post({ in: 'charset', charset })
  }

  /** Both sides count their messages from the next command on, or do not. */
  countMessages(on: boolean): void {
    this.#post({ in: 'counting', on })
  }

  async close(): Promise<void> {
    for (const timer of [...this.#timers.keys()]) this.#stop(timer)
    const gone = this.link.close()
    this.#post({ in: 'closed' })
    await gone
  }

  #up(charset: Charset): void {
    this.#post({ in: 'charset', charset })
    this.#post({ in: 'counting', on: false })
    this.#lastHeardMs = this.#clock.monotonicMs()
    this.#listener.up()
  }

  #down(error: CashdeskError): void {
    this.#post({ in: 'closed' })
    this.#listener.down(error)
  }

  #data(bytes: Uint8Array): void {
    this.#counts.bytesIn += bytes.length
    this.#lastHeardMs = this.#clock.monotonicMs()
    this.#post({ in: 'bytes', bytes })
  }

  /** Inputs that arise while effects are performed wait for them: frames leave in the order they were decided. */
  #post(input: SessionInput): void {
    this.#inbox.push(input)
    if (this.#inbox.length > 1) return
    for (let next = this.#inbox[0]; next !== undefined; next = this.#inbox[0]) {
      const { state, effects } = step(this.#state, next)
      this.#state = state
      for (const effect of effects) this.#perform(effect)
      this.#inbox.shift()
    }
  }

  #perform(effect: SessionEffect): void {
    switch (effect.do) {
      case 'send':
        this.#counts.framesOut += 1
        // A write that fails is a lost link, and the link says so itself.
        void this.link.write(effect.bytes).catch(() => undefined)
        return
      case 'timer':
        return this.#timer(effect.timer, effect.afterMs)
      case 'ask':
        return this.#ask(effect.facts)
      case 'print':
        return this.#print(effect.lines)
      case 'question':
        return this.#question(effect.question)
      case 'say':
        return this.#say(effect.text)
      case 'note':
        return this.#listener.note(effect.facts)
      case 'drop':
        this.#counts.dropped += 1
        return this.link.drop(new CashdeskError(DROPPED[effect.why], { name: 'terminal' }))
      case 'end': {
        const running = this.#running
        this.#running = undefined
        running?.ended(effect.end)
      }
    }
  }

  #ask(facts: PaymentFacts): void {
    const running = this.#running
    const ask = running?.with.ask
    const answer = (verdict: 'accept' | 'reject'): void => {
      if (this.#running === running) this.#post({ in: 'verdict', verdict })
    }
    void attempt(async () => (ask ? await ask(facts) : 'reject')).then(
      verdict => answer(verdict === 'accept' ? 'accept' : 'reject'),
      () => answer('reject'),
    )
  }

  #print(lines: readonly TerminalPrintLine[]): void {
    const running = this.#running
    const print = running?.with.print
    const answer = (kept: boolean): void => {
      if (this.#running === running) this.#post({ in: 'printed', kept })
    }
    if (!print) {
      void Promise.resolve().then(() => answer(false))
      return
    }
    void attempt(() => print(lines)).then(
      () => answer(true),
      () => answer(false),
    )
  }

  #question(question: TerminalQuestion): void {
    const running = this.#running
    const put = running?.with.question
    const answer = (given: TerminalAnswer): void => {
      if (this.#running === running) this.#post({ in: 'answered', question, answer: given })
    }
    const no = { answer: 'no' } as const
    void attempt(async () => (put ? ((await put(question)) ?? no) : no)).then(answer, () => answer(no))
  }

  #say(text: string): void {
    try {
      this.#running?.with.say?.(text)
    } catch {
      // A screen that fails is no reason to lose a payment.
    }
  }

  #timer(timer: TimerName, afterMs: number | undefined): void {
    this.#stop(timer)
    if (afterMs === undefined) return
    this.#timers.set(
      timer,
      this.#clock.after(afterMs, () => {
        this.#timers.delete(timer)
        this.#post({ in: 'tick', timer })
      }),
    )
  }

  #stop(timer: TimerName): void {
    this.#timers.get(timer)?.()
    this.#timers.delete(timer)
  }
}

/** Work that throws at once fails like work that throws later. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  return await work()
}
