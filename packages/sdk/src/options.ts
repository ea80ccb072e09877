// What a register hands in to open a till.
import { nodeDisk } from '@cashdesk/journal'
import type {
  Article,
  Clock,
  Disk,
  Gtin,
  Http,
  Log,
  NfcReader,
  Pinpad,
  Printer,
  Random,
  RestrictedNumber,
  RestrictedTemplate,
  Scanner,
  Terminal,
  TerminalAnswer,
  TerminalQuestion,
} from '@cashdesk/kernel'
import type { PluginFactory } from './plugin.ts'
import type { SecretSource } from './secret.ts'

/** An article as a register knows it; `price` is checked and becomes minor units. */
export interface CatalogArticle {
  readonly name: string
  /** Gross price in minor units. */
  readonly priceMinor: number
  /** Hundredths of a percent (1900 is 19 %); null for multi-purpose vouchers. */
  readonly vat: number | null
  readonly group?: string
  /** What a plugin needs to know: product id at the provider, age limit … */
  readonly facts?: Article['facts']
}

/** What a label says besides the article: 1234 with 3 decimals is 1.234. */
export type Measured = Pick<RestrictedNumber, 'measure' | 'value' | 'decimals'>

/** What the register says became of a sale that it owns. */
export interface RegisterStatus {
  readonly status: 'paid' | 'cancelled' | 'open' | 'unknown'
  readonly revision?: number
  readonly totalMinor?: number
  readonly reference?: string
}

export interface TillOptions {
  /** Where the journal lives: a directory on a local disk, made if it is missing. */
  readonly dir: string
  /** The lane's name, unique in the store; on every receipt. */
  readonly lane: string
  /** ISO 4217. */
  readonly currency: string
  /** BCP 47; `en-GB` if absent. */
  readonly locale?: string
  /** The lines at the top of every receipt. */
  readonly header?: readonly string[]
  /**
   * Answers the article of a code, or undefined. `measured` comes with a restricted-circulation code: for a weight or a
   * count the article's price is that of this much of it; for a price the till takes the label's, whatever is answered.
   */
  readonly catalog?: (
    gtin: Gtin,
    measured?: Measured,
  ) => CatalogArticle | undefined | Promise<CatalogArticle | undefined>
  /**
   * What codes of restricted circulation (02, 04, 20 to 29) say in this shop, by `restrictedTemplate`; the first that
   * fits counts. None: they are article numbers like any other.
   */
  readonly restrictedCodes?: readonly RestrictedTemplate[]
  readonly scanner?: Scanner | readonly Scanner[]
  readonly terminal?: Terminal
  readonly printer?: Printer
  /** Where customers enter the PINs that plugins ask for; the till never has one in clear. */
  readonly pinpad?: Pinpad
  /** Its taps arrive as `till.on('tap', …)`; what one of them means, the register says: `till.scan(text)`, or nothing. */
  readonly nfc?: NfcReader | readonly NfcReader[]
  /**
   * The terminal asks the cashier something during a payment: is the signature good, which application of the card.
   * Absent, throwing, or an answer that does not fit: no, and a payment with a signature is taken back.
   */
  readonly onQuestion?: (
    question: TerminalQuestion,
    about: { readonly sale: string; readonly payment: string },
  ) => TerminalAnswer | Promise<TerminalAnswer>
  readonly plugins?: readonly PluginFactory[]
  /** Only for registers that own their payments (depth b): asked at start and on a timer. */
  readonly statusOf?: (sale: string) => RegisterStatus | Promise<RegisterStatus>
  /** How long the receipt waits for commits if `finish` does not say; 3000. */
  readonly commitBudgetMs?: number
  /** The longest a payment may take; reservations are renewed to outlive it; 180000. */
  readonly paymentTimeMs?: number
  /** How often the register is asked about a sale it owns; 30000. */
  readonly askRegisterMs?: number
  /** Length of new journal segments in bytes, at least 8192; 4194304. A till on a small medium wants less. */
  readonly segmentBytes?: number
  /**
   * Records between two snapshots of what the journal came to, which make a start quick; 20000. 0 for none. Only
   * speed: without them the whole journal is read.
   */
  readonly snapshotEvery?: number
  /** Ended sales that stay in memory, the newest; 1000. Older ones are read from the journal when somebody asks. */
  readonly keptSales?: number
  readonly log?: Log
  /** The world, for simulation and tests. Node's if absent. */
  readonly ports?: {
    readonly clock?: Clock
    readonly random?: Random
    readonly http?: Http
    readonly disk?: Disk
    readonly secrets?: SecretSource
  }
}

/** The disk that the journal lives on: a directory of this machine, or the world of a simulation. */
export function diskOf({ ports, dir }: Pick<TillOptions, 'ports' | 'dir'>): Disk {
  return ports?.disk ?? nodeDisk(dir)
}
