// What a plugin describes and the performer does: one call to a provider, complete and plain, so that it can be
// journaled once and sent again under the same id. Credentials stand in it as placeholders.
import type { Facts, Json } from './brand.ts'
import type { PaymentFacts, PrinterStatus, TerminalTotals } from './device.ts'
import type { ErrorCode, ErrorReport } from './errors.ts'
import type { Refused, Unknown } from './outcome.ts'

/** The operations of a participant, in the order of a claim's life. */
export type ProviderOperation =
  | 'identify'
  | 'quote'
  | 'reserve'
  | 'renew'
  | 'release'
  | 'commit'
  | 'void'
  | 'refund'
  | 'query'

/** How an HTTP answer is read, as data. An answer that fits nothing here is `unknown`. */
export interface ReadSpec {
  readonly done: readonly number[]
  readonly refused: readonly number[]
  /** The provider never saw the operation and will refuse it from now on (a tombstone). */
  readonly notFound?: readonly number[]
  /** A field of the JSON body that must agree with the status, with its values. */
  readonly field?: {
    readonly name: string
    readonly done: readonly string[]
    readonly refused: readonly string[]
    readonly notFound?: readonly string[]
  }
  /** Fields of the JSON body that must say exactly this, or the answer belongs to another call. */
  readonly echo?: { readonly [field: string]: string }
  /** A field of the JSON body that says why, and what its values mean in our codes. */
  readonly reason?: { readonly name: string; readonly codes: { readonly [value: string]: ErrorCode } }
  /** Names of body fields that carry typed data. */
  readonly expiresInMs?: string
  readonly approvedMinor?: string
  readonly adjustments?: string
  readonly facts?: { readonly [fact: string]: string }
}

export interface HttpCall {
  readonly wire: 'http'
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /**
   * Which of the plugin's lists of servers takes it. The addresses are those of the configuration at the time of the
   * attempt: a provider may move while a call waits, and the call is the same wherever it goes.
   */
  readonly servers: string
  /** Path and query, with `{secret:name}` where a credential belongs (it is percent-encoded when filled in). */
  readonly path: string
  /** Values may hold `{secret:name}` too. */
  readonly headers: { readonly [name: string]: string }
  readonly body?: string
  readonly timeoutMs: number
  /** As data, or the name of a reader that the plugin brings. */
  readonly read: ReadSpec | { readonly reader: string }
}

/** A call over a wire that the plugin itself performs. */
export interface OwnCall {
  readonly wire: 'own'
  readonly payload: Json
  readonly timeoutMs: number
}

/** The plugin failed to describe the call: it is answered as refused, and nothing is sent. */
export interface NoCall {
  readonly wire: 'none'
  readonly error: ErrorReport
}

export type Call = HttpCall | OwnCall | NoCall

/** A change to what the basket costs. Negative amounts are discounts. */
export interface Adjustment {
  readonly label: string
  readonly amountMinor: number
}

/** What came of a provider's operation, typed. */
export interface ProviderData {
  /** For a tender: what the provider really holds or took; may be less than asked. */
  readonly approvedMinor?: number
  readonly adjustments?: readonly Adjustment[]
  /** Shown, printed, journaled: never a secret. */
  readonly facts?: Facts
  /** Encrypted for somebody else; may be journaled, cannot be read here. */
  readonly sealed?: string
  /** How long a reservation lasts, counted from the receipt of the answer. */
  readonly expiresInMs?: number
}

/** A provider needs one more answer from the customer or cashier before it can decide. Nothing happened yet. */
export interface Ask {
  readonly outcome: 'ask'
  readonly prompt: { readonly kind: string; readonly text: string }
}

/** What an attempt of an operation brought back. */
export type Answer =
  | { readonly outcome: 'done'; readonly of: 'provider'; readonly data: ProviderData }
  | { readonly outcome: 'done'; readonly of: 'terminal'; readonly data: PaymentFacts }
  | { readonly outcome: 'done'; readonly of: 'totals'; readonly data: TerminalTotals }
  | { readonly outcome: 'done'; readonly of: 'printer'; readonly data: PrinterStatus }
  | Ask
  | Refused
  | Unknown
