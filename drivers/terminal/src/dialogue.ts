// What goes into a ZVT session and what comes out of it: the vocabulary between the pure machine and its glue.
import type {
  EpochMs,
  Facts,
  PaymentFacts,
  TerminalAnswer,
  TerminalPrintLine,
  TerminalQuestion,
} from '@cashdesk/kernel'
import type { Apdu } from './apdu.ts'
import type { Charset } from './charset.ts'
import type { Command } from './commands.ts'
import type { Misfit } from './payment.ts'
import type { ReceiptKind } from './print.ts'
import type { Count } from './sequence.ts'
import type { StatusReport } from './status.ts'

/**
 * `answer`: T3. `dialogue`: T4. `frame`: the rest of a cut frame. `approval`: the till. `question`: a person. `whole`:
 * all of it.
 */
export type TimerName = 'answer' | 'dialogue' | 'frame' | 'approval' | 'question' | 'whole'

export interface Limits {
  readonly t3Ms: number
  readonly t4Ms: number
  readonly approvalMs: number
  readonly questionMs: number
  /** From the command to its end, whatever the terminal says in between. */
  readonly wholeMs: number
}

export type SessionInput =
  | { readonly in: 'start'; readonly command: Command; readonly at: EpochMs; readonly limits: Limits }
  | { readonly in: 'bytes'; readonly bytes: Uint8Array }
  | { readonly in: 'tick'; readonly timer: TimerName }
  | { readonly in: 'verdict'; readonly verdict: 'accept' | 'reject' }
  | { readonly in: 'printed'; readonly kept: boolean }
  | { readonly in: 'answered'; readonly question: TerminalQuestion; readonly answer: TerminalAnswer }
  | { readonly in: 'abort' }
  | { readonly in: 'charset'; readonly charset: Charset }
  /** Both sides count their messages from here on, or not. */
  | { readonly in: 'counting'; readonly on: boolean }
  | { readonly in: 'closed' }

export type SessionEffect =
  | { readonly do: 'send'; readonly bytes: Uint8Array }
  /** Without `afterMs`: stop it. */
  | { readonly do: 'timer'; readonly timer: TimerName; readonly afterMs?: number }
  | { readonly do: 'ask'; readonly facts: PaymentFacts }
  | { readonly do: 'print'; readonly lines: readonly TerminalPrintLine[] }
  | { readonly do: 'question'; readonly question: TerminalQuestion }
  | { readonly do: 'say'; readonly text: string }
  | { readonly do: 'note'; readonly facts: Facts }
  | { readonly do: 'end'; readonly end: DialogueEnd }
  /** Nothing more can be believed of this connection. */
  | { readonly do: 'drop'; readonly why: Break }

export type Break = 'link-lost' | 'no-answer' | 'malformed'

/** What was said about money before the dialogue ended. */
export interface MoneySeen {
  /** What became of a successful status information: put to the till, accepted by it, rejected. */
  readonly approval: 'none' | 'asked' | 'accepted' | 'rejected'
  /** Our positive answer was handed over. */
  readonly acknowledged: boolean
  readonly approved?: PaymentFacts
  /** The last status information of any kind. */
  readonly last?: StatusReport
  /** A status information came whose result could not be read. */
  readonly unreadable: boolean
  /** Why an approval was rejected before anybody was asked: it is none of the order. */
  readonly misfit?: Misfit
  /** After an approval the terminal said something that does not go with it. */
  readonly contradicted: boolean
  /** A slip of it was not kept: our answers to its lines belong to the terminal's commit point (PA00P015 ch. 2.2.8). */
  readonly unprinted: boolean
  /** The time that the terminal told (04 01). */
  readonly time?: string
}

export type DialogueEnd = {
  readonly seen: MoneySeen
} & (
  | { readonly how: 'completed'; readonly data: Uint8Array }
  | { readonly how: 'aborted'; readonly code: number; readonly text?: string }
  | { readonly how: 'not-accepted'; readonly code: number }
  /** Not one byte of the command left: the link was down, or another dialogue was running. */
  | { readonly how: 'not-sent' }
  | { readonly how: 'broken'; readonly why: Break }
)

export interface SessionState {
  readonly phase: 'idle' | 'sent' | 'running'
  readonly command?: Command
  readonly at: EpochMs
  readonly limits?: Limits
  readonly t4Ms: number
  /** An unfinished frame. */
  readonly pending: Uint8Array
  /** Frames that wait until the till has answered. */
  readonly queue: readonly Apdu[]
  /** The answer that the terminal waits for. */
  readonly owes?: 'approval' | 'print' | 'question'
  /** What it asked, while we owe the answer to it. */
  readonly question?: TerminalQuestion
  /** The count of messages, where it was agreed on. */
  readonly count?: Count
  readonly abort: 'none' | 'wanted' | 'sent' | 'answered'
  readonly repeats: number
  readonly paper: ReceiptKind
  readonly seen: MoneySeen
  readonly charset: Charset
}
