// A register for tests: a temporary directory, a small catalog, scripted devices, and a till on all of it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '@cashdesk/kernel'
import { type CatalogArticle, openTill, type Till, type TillOptions } from '../src/index.ts'
import { ScriptedPrinter, ScriptedScanner, ScriptedTerminal } from './devices.ts'

export const COFFEE = '4006381333931'
export const BREAD = '4012345678901'
export const CARD = '4260000000011'

/** With check digits that are right: a scan of anything else is refused. */
export const CATALOG: { readonly [gtin: string]: CatalogArticle } = {
  [COFFEE]: { name: 'Coffee', priceMinor: 499, vat: 700 },
  [BREAD]: { name: 'Bread', priceMinor: 250, vat: 700 },
  [CARD]: { name: 'Prepaid card 25', priceMinor: 2500, vat: null, group: 'cards' },
}

export class Register {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'cashdesk-sdk-'))
  readonly terminal: ScriptedTerminal = new ScriptedTerminal()
  readonly printer: ScriptedPrinter = new ScriptedPrinter()
  readonly scanner: ScriptedScanner = new ScriptedScanner()
  readonly logged: string[] = []
  readonly #tills: Till[] = []
  readonly #after: (() => unknown)[] = []

  readonly log: Log = (level, message, detail) => {
    this.logged.push(JSON.stringify([level, message, detail]))
  }

  async open(options: Partial<TillOptions> = {}): Promise<Till> {
    const till = await openTill({
      dir: this.dir,
      lane: 'test-1',
      currency: 'EUR',
      header: ['Test shop'],
      catalog: gtin => CATALOG[gtin],
      terminal: this.terminal,
      printer: this.printer,
      scanner: this.scanner,
      commitBudgetMs: 500,
      log: this.log,
      ...options,
    })
    this.#tills.push(till)
    return till
  }

  /** Something else to end with the register. */
  also<Ended extends { close(): unknown }>(part: Ended): Ended {
    this.#after.push(() => part.close())
    return part
  }

  /** Every file under the directory, as text; but for the lock on Windows, which lets nobody read what is locked. */
  files(folder: string = this.dir): string {
    return readdirSync(folder)
      .filter(name => process.platform !== 'win32' || name !== 'lock')
      .map(name => join(folder, name))
      .map(path => (statSync(path).isDirectory() ? this.files(path) : readFileSync(path, 'latin1')))
      .join('\n')
  }

  async end(): Promise<void> {
    for (const till of this.#tills) await till.close()
    for (const end of this.#after) await end()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
