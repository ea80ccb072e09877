// Where printed receipts end up: the last ones in memory, and all of them as PNG, text and JSON in a folder if one
// is given. Files are written before the printer answers anything that comes after the cut.
import { accessSync, constants, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CashdeskError } from '@cashdesk/kernel'
import { makeFolder } from '../folder.ts'
import type { PrintedCode, Sheet } from './paper.ts'

export type PrintedReceipt = {
  /** Counts up from 1; goes on where the folder's last receipt stopped. */
  readonly number: number
  /** ISO 8601. */
  readonly printedAt: string
  /** `torn`: taken off by hand, without a cut. */
  readonly end: 'full' | 'partial' | 'torn'
  /** What a person would read, columns kept. */
  readonly text: string
  /** Paths of the files, or null when no folder was given (or it could not be written). */
  readonly png: string | null
  readonly textFile: string | null
  /** Symbols on the receipt: `{kind: 'QR', text}`. */
  readonly codes: readonly { readonly kind: string; readonly text: string }[]
  readonly widthDots: number
  readonly heightDots: number
  /** Dots of print that had not passed the knife when it cut: more than 0 cuts through the receipt's end. */
  readonly beyondKnifeDots: number
  /** Number of an earlier receipt with the very same text: a second original. */
  readonly sameAs?: number
}

export interface ShelfOptions {
  readonly folder: string | undefined
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly pictures: boolean
  /** Receipts that are kept in memory; older ones are on disk or gone. */
  readonly keep: number
}

export class Shelf {
  readonly #folder: string | undefined
  readonly #options: ShelfOptions
  #receipts: { readonly receipt: PrintedReceipt; readonly png: Buffer | undefined }[] = []
  #last = 0

  /** @throws CashdeskError `sim.usage` when the folder cannot be made, read and written */
  constructor(options: ShelfOptions) {
    this.#options = options
    this.#folder = options.folder === undefined ? undefined : resolve(options.folder)
    if (this.#folder !== undefined) this.#last = lastNumber(this.#folder)
  }

  get receipts(): readonly PrintedReceipt[] {
    return this.#receipts.map(entry => entry.receipt)
  }

  /** The picture of a receipt that is still in memory. */
  png(number: number): Buffer | undefined {
    return this.#receipts.find(entry => entry.receipt.number === number)?.png
  }

  put(sheet: Sheet, end: PrintedReceipt['end']): PrintedReceipt {
    this.#last += 1
    const png = this.#options.pictures ? sheet.png() : undefined
    const twin = this.#receipts.find(entry => entry.receipt.text === sheet.text && sheet.text !== '')
    const bare: PrintedReceipt = {
      number: this.#last,
      printedAt: new Date(this.#options.now()).toISOString(),
      end,
      text: sheet.text,
      png: null,
      textFile: null,
      codes: sheet.codes.map((code: PrintedCode) => ({ kind: code.kind, text: code.text })),
      widthDots: sheet.widthDots,
      heightDots: sheet.heightDots,
      beyondKnifeDots: sheet.beyondKnifeDots,
      ...(twin === undefined ? {} : { sameAs: twin.receipt.number }),
    }
    const receipt = this.#folder === undefined ? bare : store(this.#folder, bare, png)
    this.#receipts.push({ receipt, png })
    if (this.#receipts.length > this.#options.keep) this.#receipts.shift()
    return receipt
  }
}

function lastNumber(folder: string): number {
  try {
    makeFolder(folder)
    accessSync(folder, constants.W_OK)
    const numbers = readdirSync(folder).map(name => Number(/^receipt-(\d{1,9})\.json$/.exec(name)?.[1] ?? 0))
    return Math.max(0, ...numbers)
  } catch (cause) {
    throw new CashdeskError('sim.usage', { option: 'out', folder, reason: reasonOf(cause) }, { cause })
  }
}

/** A folder that fails later on costs the files, not the printing. */
function store(folder: string, receipt: PrintedReceipt, png: Buffer | undefined): PrintedReceipt {
  const base = join(folder, `receipt-${String(receipt.number).padStart(4, '0')}`)
  const picture = png === undefined ? null : `${base}.png`
  const stored = { ...receipt, png: picture, textFile: `${base}.txt` }
  try {
    if (png !== undefined) writeFileSync(`${base}.png`, png)
    writeFileSync(stored.textFile, `${receipt.text}\n`)
    writeFileSync(`${base}.json`, `${JSON.stringify(stored, null, 2)}\n`)
    return stored
  } catch {
    return receipt
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code
  return thrown instanceof Error ? thrown.message : String(thrown)
}
