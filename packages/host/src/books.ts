// What the host keeps about cards and operations, and the narrow transactional port through which the rules see it.
// A store loads a few rows under a lock, lets a pure function decide, and writes what it decided, all or nothing.
import type { EpochMs } from '@cashdesk/kernel'

export type CardState = 'free' | 'reserved' | 'active' | 'voided'

export interface Article {
  readonly prodid: string
  readonly name: string
  readonly gtin: string
}

export interface Card {
  readonly serial: string
  readonly prodid: string
  readonly state: CardState
  /** The reservation that holds the card while its state is `reserved`. */
  readonly holder: string | null
  /** Until when nobody else can take it. */
  readonly heldUntil: EpochMs | null
  /** The activation that stands while its state is `active`. */
  readonly activatedBy: string | null
  readonly activatedAt: EpochMs | null
}

export type OperationKind = 'reserve' | 'activate' | 'release' | 'renew' | 'void' | 'buried'

/**
 * What became of an operation. A reservation goes from `reserved` to `activated`, `released` or `lost`; an activation
 * from `activated` to `voided`. A reservation is `reserved` exactly while its card's `holder` is it, an activation
 * `activated` exactly while its card's `activatedBy` is it. `buried` is an id that was never seen before another
 * operation named it.
 */
export type OperationState =
  | 'reserved'
  | 'activated'
  | 'released'
  | 'renewed'
  | 'voided'
  | 'lost'
  | 'refused'
  | 'not-found'
  | 'buried'

export type Result =
  | 'reserved'
  | 'activated'
  | 'released'
  | 'renewed'
  | 'voided'
  | 'refused'
  | 'not-found'
  | 'pending'

export type Reason =
  | 'already-active'
  | 'wrong-article'
  | 'unknown-serial'
  | 'taken'
  | 'expired'
  | 'released'
  | 'too-late'
  | 'not-allowed'

/** The JSON that goes over the wire: docs/host-activation.md. */
export interface Answer {
  readonly result: Result
  readonly operation: string
  readonly serial?: string
  readonly reason?: Reason
  readonly expiresInMs?: number
  readonly activatedAt?: string
  readonly original?: true
}

export interface Operation {
  /** A UUID in lower case, made by the till. */
  readonly id: string
  readonly kind: OperationKind
  readonly owner: string
  /** Everything that a repetition must have in common with the original. Never a password. */
  readonly payload: string
  readonly serial: string
  readonly state: OperationState
  /** For an activation: the reservation it used up. For a reservation: the activation that used it. */
  readonly partner: string | null
  readonly answer: Answer | null
  readonly at: EpochMs
}

export type HistoryEvent = 'reserved' | 'renewed' | 'released' | 'lost' | 'activated' | 'voided'

export interface HistoryEntry {
  readonly serial: string
  readonly at: EpochMs
  readonly event: HistoryEvent
  readonly operation: string
  readonly by: string
}

/** What a decision wants to see. */
export interface Keys {
  readonly serial: string
  readonly own?: string
  readonly named?: string
}

/** What was found, locked until the change is written. `partner` is the one of `named`. */
export interface Books {
  readonly card?: Card
  readonly own?: Operation
  readonly named?: Operation
  readonly partner?: Operation
}

/** What a decision changes: all of it or nothing. */
export interface Change {
  readonly insert: readonly Operation[]
  readonly update: readonly {
    readonly id: string
    readonly state: OperationState
    readonly partner?: string
  }[]
  readonly card?: Card
  readonly history: readonly HistoryEntry[]
}

export interface Decision<T> {
  readonly change: Change
  readonly value: T
}

export interface CardFilter {
  readonly state?: CardState
  /** Serials after this one. */
  readonly after?: string
  readonly limit: number
}

export interface Seed {
  readonly articles: readonly Article[]
  readonly cards: readonly { readonly serial: string; readonly prodid: string }[]
}

/** A card's history is answered up to this many of its newest entries; older ones stay in the database. */
export const MAX_HISTORY = 200

export type StoreKind = 'memory' | 'embedded' | 'postgres'

/** Every method throws CashdeskError `host.database` when the store cannot be used; then nothing was written. */
export interface Store {
  readonly kind: StoreKind
  /** Does an answer survive the loss of power? */
  readonly durable: boolean
  /**
   * Decides and writes in one transaction. No two decisions about one serial or one operation id run at the same
   * time; inserting an operation id that exists starts the transaction anew. `decide` is pure and may run again.
   */
  transact<T>(keys: Keys, decide: (books: Books) => Decision<T>): Promise<T>
  card(
    serial: string,
  ): Promise<{ readonly card: Card; readonly history: readonly HistoryEntry[] } | undefined>
  cards(filter: CardFilter): Promise<readonly Card[]>
  operation(id: string): Promise<Operation | undefined>
  /** Adds articles and cards that are not there yet; touches no state. Resolves to the number of new cards. */
  seed(seed: Seed): Promise<number>
  ping(): Promise<void>
  close(): Promise<void>
}
