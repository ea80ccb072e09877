// How a register embeds the SDK: one whole sale. The README quotes the function; a test runs it.
import { type ActivationOptions, activation } from '@cashdesk/plugin-activation'
import { tcpPrinter } from '@cashdesk/printer'
import { tcpScanner } from '@cashdesk/scanner'
import {
  type CatalogArticle,
  openTill,
  type PromptView,
  type Recovered,
  type SaleView,
  secret,
  type TaskView,
} from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'

/** What a shop knows about itself. */
export interface ShopConfig {
  readonly dir: string
  readonly articles: ReadonlyMap<string, CatalogArticle>
  readonly scanner: { readonly host: string; readonly port: number }
  readonly terminal: { readonly host: string; readonly port?: number }
  readonly printer: { readonly host: string; readonly port?: number }
  /** Who the shop is at the provider; its password comes from the environment. */
  readonly contentCards: Omit<ActivationOptions, 'password'>
}

/** The register's screen, whatever it is made of. */
export interface Screen {
  showRecovered(recovered: readonly Recovered[]): void
  render(view: SaleView): void
  /** Resolves with what was typed; a scan may answer first. */
  ask(prompt: PromptView): Promise<string>
  /** Resolves when the cashier asks for the total. */
  totalPressed(): Promise<void>
  showTask(task: TaskView | undefined): void
  say(text: string): void
}

export async function sellOne(shop: ShopConfig, ui: Screen, receiptNo: string): Promise<void> {
  // quoted by the README from here
  await using till = await openTill({
    dir: shop.dir,
    lane: '0412-07',
    currency: 'EUR',
    catalog: gtin => shop.articles.get(gtin),
    scanner: tcpScanner(shop.scanner), // or serialScanner({ path: 'COM3' })
    terminal: zvtTerminal(shop.terminal),
    printer: tcpPrinter(shop.printer),
    plugins: [activation({ ...shop.contentCards, password: secret('env:CC_PASS') })],
  })
  ui.showRecovered(till.recovered) // what the last crash left, and what became of it
  const sale = await till.sale({ id: receiptNo, operator: '17' }) // same id, same sale
  sale.on('prompt', async prompt => sale.answer(prompt.id, await ui.ask(prompt))) // or the scanner answers
  sale.on('changed', view => ui.render(view))
  await ui.totalPressed() // until then, scans ring up
  const paid = await sale.pay({ id: `${receiptNo}/1`, by: 'card', amount: 'rest' })
  if (paid.outcome === 'unknown') return ui.showTask(paid.task) // the till goes on asking the terminal
  if (paid.outcome === 'refused') return ui.say(paid.error.message)
  const end = await sale.finish({ commitBudgetMs: 3000 })
  for (const claim of end.claims) ui.say(claim.text) // "active" or "activation follows"
  // to here
}
