// The plugin contract: how a service takes part in the two-phase checkout. A plugin describes calls as data and never
// touches the world; what it declares is checked when it is defined and again when a till registers it.
import type {
  Answer,
  Article,
  Call,
  ClaimId,
  DeferralLimits,
  ErrorReport,
  Facts,
  HttpResponse,
  Json,
  LineId,
  OperationId,
  ParticipantConfig,
  PinBlock,
  PinRequest,
  ProviderOperation,
  ProviderProfile,
  ReadSpec,
  ReceiptBlock,
  SaleId,
  TenderId,
} from '@cashdesk/kernel'
import type { Secret } from './secret.ts'

/** Any schema library that speaks Standard Schema v1 (zod, valibot, arktype …), as far as this contract uses it. */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]
    }

/** A line as plugins see it. Amounts in minor units, gross. */
export interface BasketLine {
  readonly line: LineId
  readonly article: Article
  readonly quantity: number
  readonly grossMinor: number
}

/** Everything a plugin may look at when it describes a call. */
export interface ClaimContext<Config> {
  /** With `{secret:name}` in place of every secret. */
  readonly config: Config
  readonly claim: ClaimId
  /** What was scanned, typed or identified for this claim. */
  readonly subject: Facts
  /** `subject.serial`, which most plugins want. */
  readonly serial: string
  /** What the provider reported so far. */
  readonly facts: Facts
  readonly line?: BasketLine
  readonly tender?: { readonly id: TenderId; readonly amountMinor: number }
  readonly sale: SaleId
  readonly lane: string
  readonly currency: string
  readonly operator?: string
  readonly basket: readonly BasketLine[]
  /** What the sale costs now. */
  readonly totalMinor: number
  readonly tenders: readonly { readonly by: string; readonly amountMinor: number }[]
  /** The latest operations of this claim by kind. */
  readonly operations: { readonly [operation in ProviderOperation]?: OperationId }
}

/** The operation that a call is described for. */
export interface OperationContext {
  /** The idempotency key for ever. */
  readonly id: OperationId
  /** What it renews, releases, commits, voids or refunds; for a query, what is asked about is `id`. */
  readonly about?: OperationId
  /** For a query: the kind of operation whose outcome is open. */
  readonly of?: ProviderOperation
  readonly amountMinor?: number
}

interface HttpDescription {
  /** Sent as `Idempotency-Key`. */
  readonly key?: OperationId
  /** Which of the plugin's lists of servers takes it; `main` if absent. */
  readonly servers?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Json
  /** The profile's if absent. */
  readonly timeoutMs?: number
  readonly read: ReadSpec | { readonly reader: string }
}

/** A call as an author writes it: one method with its path and query, or a payload for the plugin's own wire. */
export type CallDescription =
  | (HttpDescription & { readonly get: string })
  | (HttpDescription & { readonly post: string })
  | (HttpDescription & { readonly put: string })
  | (HttpDescription & { readonly delete: string })
  | { readonly own: Json; readonly timeoutMs?: number }

/** What a PIN is wanted for. */
export type PinWanted = Omit<PinRequest, 'op'> & {
  /** How long the customer has, 5000 to 240000; 60000 if absent. */
  readonly withinMs?: number
}

/**
 * What stands in a reservation's call for the PIN that the customer is about to enter. It is filled in for the wire
 * alone, once: no journal, log or error has it.
 */
export const enteredPin = {
  /** The encrypted PIN block in hexadecimal. */
  block: '{pin:block}',
  /** The key serial number in hexadecimal; empty without DUKPT. */
  ksn: '{pin:ksn}',
  /** `iso-0`, `iso-3` or `iso-4`. */
  format: '{pin:format}',
} as const

type Describe<Config> = (context: ClaimContext<Config>, op: OperationContext) => CallDescription

/** How a claim stands when the receipt is printed. */
export type ClaimStanding = 'done' | 'follows' | 'refused'

export interface PluginDefinition<Config extends object> {
  /** Lower case, digits and dashes. */
  readonly name: string
  readonly version: string
  readonly contract: 1
  readonly claims: 'line' | 'basket' | 'tender'
  readonly config: StandardSchema<Config>
  /** Names of configuration fields that are secret, whoever wrote them down. */
  readonly secrets?: readonly string[]
  /** Base addresses in the order in which they are tried: one list (called `main`), or several by name. */
  readonly servers?: (config: Config) => readonly string[] | { readonly [list: string]: readonly string[] }
  /** Line claims: does this plugin want the article, and what must be asked first? Called for every line that is added. */
  readonly wants?: (
    article: Article,
    config: Config,
  ) => { readonly ask?: { readonly kind: string; readonly text: string }; readonly subject?: Facts } | false
  /** Basket claims: does this scanned or typed code name something of ours? */
  readonly identify?: (code: string, config: Config) => Facts | false
  readonly quote?: Describe<Config>
  readonly reserve?: Describe<Config>
  readonly renew?: Describe<Config>
  readonly release?: Describe<Config>
  readonly commit?: Describe<Config>
  readonly void?: Describe<Config>
  /** Gives back an amount (`op.amountMinor`) of what `op.about` committed; called where there is no `void`. */
  readonly refund?: Describe<Config>
  readonly query?: Describe<Config>
  /**
   * Tenders: the customer enters a PIN at the pad before the reservation is sent; its call says where the PIN goes with
   * `enteredPin`. Such a reservation is sent once and then only asked about: `query` is needed, `offline.reserve` is
   * `refuse`.
   */
  readonly pin?: (context: ClaimContext<Config>, op: OperationContext) => PinWanted
  /**
   * What happens when the line is down. Everything after the pivot waits in the outbox. `reserve: 'defer'` sells a line
   * without the provider's word, within the limits that `deferral` answers: only where the provider permits it.
   */
  readonly offline: {
    readonly reserve?: 'refuse' | 'defer'
    readonly commit?: 'refuse' | 'queue'
    readonly release?: 'refuse' | 'queue'
    readonly void?: 'refuse' | 'queue'
  }
  /** How much may be sold while the provider cannot be asked; nothing where it answers undefined. */
  readonly deferral?: (config: Config) => DeferralLimits | undefined
  /** What the customer is given that only the provider has: then nothing can be sold without asking it. */
  readonly delivers?: 'pin' | 'key' | 'licence'
  /** Plugins whose commits go first. */
  readonly after?: readonly string[]
  /** The receipt waits for this commit, within its budget. */
  readonly beforePaper?: boolean
  /** Means of payment that may not pay for this. */
  readonly notPaidBy?: readonly string[]
  readonly profile?: Partial<ProviderProfile>
  readonly receipt?: (
    context: ClaimContext<Config>,
    standing: ClaimStanding,
    error?: ErrorReport,
  ) => readonly ReceiptBlock[]
  readonly readers?: { readonly [name: string]: (response: HttpResponse) => Answer }
  /** Performs calls described with `own`. Answers as the performer would: a doubt is `unknown`. */
  readonly perform?: (
    payload: Json,
    op: { readonly id: OperationId; readonly timeoutMs: number; readonly pin?: PinBlock },
  ) => Promise<Answer>
}

/** A configured plugin, ready to be registered. Its configuration type is its own business. */
export interface Plugin {
  readonly name: string
  readonly version: string
  readonly participant: ParticipantConfig
  /** By name, for the performer alone. */
  readonly secrets: ReadonlyMap<string, string>
  /** Lists of base addresses by name, as configured now. */
  readonly servers: ReadonlyMap<string, readonly string[]>
  wants(
    article: Article,
  ): { readonly ask?: { readonly kind: string; readonly text: string }; readonly subject?: Facts } | false
  identify(code: string): Facts | false
  /** Never throws: a plugin that fails is answered with a call that says so. */
  describe(
    operation: ProviderOperation,
    context: Omit<ClaimContext<unknown>, 'config'>,
    op: OperationContext,
  ): Call
  /** Which PIN the reservation needs. @throws whatever the plugin throws */
  readonly pin?: (context: Omit<ClaimContext<unknown>, 'config'>, op: OperationContext) => PinWanted
  receipt(
    context: Omit<ClaimContext<unknown>, 'config'>,
    standing: ClaimStanding,
    error?: ErrorReport,
  ): readonly ReceiptBlock[] | undefined
  readonly readers: { readonly [name: string]: (response: HttpResponse) => Answer }
  readonly perform?: PluginDefinition<object>['perform']
}

/** What `openTill` takes: a plugin whose configuration is checked when the till opens. */
export interface PluginFactory {
  readonly name: string
  configure(resolve: (secret: Secret) => string): Promise<Plugin>
}

/** The configuration an author's user writes: secrets may be references. */
export type Configured<Config> = {
  readonly [key in keyof Config]: Config[key] | (Config[key] extends string | undefined ? Secret : never)
}
