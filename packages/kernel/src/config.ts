// What the checkout must know about its lane and its participants to decide. Journaled with every start, so that a
// recorded decision can be understood later.
import type { Currency } from './money.ts'

/** How a provider is treated when it does not answer. All data, all milliseconds. */
export interface ProviderProfile {
  /** One attempt, from the call to the last byte of the answer. */
  readonly timeoutMs: number
  /** How long a sale waits for a reservation, all attempts together, before its line is refused. */
  readonly reserveLimitMs: number
  /** Delays between attempts: first, growing by `factor` up to `maxMs`, each shortened at random by up to `jitter` (0 to 1). */
  readonly retry: {
    readonly firstMs: number
    readonly factor: number
    readonly maxMs: number
    readonly jitter: number
  }
  /**
   * What follows an unknown outcome. `repeat`: the same request under the same id, which the provider answers once.
   * `query`: ask first; for providers that do not recognise a repeated id, and for requests that may not be kept.
   */
  readonly onUnknown: 'repeat' | 'query'
  /** A commit that stays unknown this long becomes a task, and is tried on. */
  readonly taskAfterMs: number
  /** After so many failures in a row sales stop waiting for the provider, for `coolMs`. */
  readonly breaker: { readonly failures: number; readonly coolMs: number }
}

/**
 * How much may be sold while the provider cannot be asked: counted over what this lane has put off and the provider has
 * not answered yet. Amounts are gross prices in minor units.
 */
export interface DeferralLimits {
  /** One line. */
  readonly itemMinor: number
  /** All lines with the same serial. */
  readonly cardMinor: number
  /** The whole lane. */
  readonly laneMinor: number
  readonly laneClaims: number
  /** Nothing more is put off once the oldest has waited this long: the line is not merely disturbed. */
  readonly ageMs: number
}

/** What a plugin declared at registration, as far as the checkout needs it. */
export interface ParticipantConfig {
  readonly plugin: string
  readonly claims: 'line' | 'basket' | 'tender'
  readonly operations: readonly string[]
  /** Names of plugins whose commits must be settled, or out of time, before this one's commit is sent. */
  readonly after: readonly string[]
  /** The receipt waits for this commit, within the budget. */
  readonly beforePaper: boolean
  /** Tenders that may not pay for what this plugin sells. */
  readonly notPaidBy: readonly string[]
  /** What a sale does when the provider cannot be reached in time. */
  readonly offline:
    | { readonly reserve: 'refuse' }
    | { readonly reserve: 'defer'; readonly limits: DeferralLimits }
  readonly profile: ProviderProfile
  /**
   * Its reservation carries a PIN that the customer entered, encrypted. It is sent once: what became of it is asked, and
   * only a person begins anew.
   */
  readonly pin?: true
}

export interface LaneConfig {
  readonly lane: string
  readonly currency: Currency
  readonly locale: string
  /** What stands at the top of every receipt. */
  readonly header: readonly string[]
  readonly hasTerminal: boolean
  readonly hasPrinter: boolean
  readonly participants: readonly ParticipantConfig[]
  /** A reservation must outlive a payment that starts now: the terminal's longest dialogue plus a margin. */
  readonly paymentTimeMs: number
  /** How long the receipt waits for commits if the register does not say. */
  readonly commitBudgetMs: number
  /** How often the register is asked about a sale it owns. */
  readonly askRegisterMs: number
}
