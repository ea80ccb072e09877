// The README's embedding example sells a card, with real TCP to simulated devices and real HTTP to a host.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrinterSim, startScannerSim, startTerminalSim } from '@cashdesk/hardware-sim'
import { DEVELOPMENT_USER, startHost } from '@cashdesk/host'
import type { SaleView } from '@cashdesk/sdk'
import { expect, it, vi } from 'vitest'
import { BASKET } from './catalog.ts'
import { type Screen, sellOne } from './embedding.ts'

const SERIAL = '6034714625981538'
const here = (sim: { readonly port: number }): { host: string; port: number } => ({
  host: '127.0.0.1',
  port: sim.port,
})

it('sells an article and a card: paid at the terminal, printed, active at the host', async () => {
  vi.stubEnv('CC_PASS', DEVELOPMENT_USER.pass)
  const dir = await mkdtemp(join(tmpdir(), 'cashdesk-embedding-'))
  const [host, scanner, terminal, printer] = await Promise.all([
    startHost({ store: { kind: 'memory' } }),
    startScannerSim(),
    startTerminalSim({ speed: 0 }),
    startPrinterSim(),
  ])
  try {
    const said: string[] = []
    let view: SaleView | undefined
    const seen = (holds: (now: SaleView) => boolean): Promise<void> =>
      vi.waitFor(() => expect(view && holds(view)).toBe(true), { timeout: 10_000, interval: 10 })
    const screen: Screen = {
      showRecovered: recovered => expect(recovered).toEqual([]),
      render: now => {
        view = now
      },
      // The cashier has a scanner and types nothing.
      ask: () => new Promise(() => undefined),
      totalPressed: async () => {
        await vi.waitFor(() => expect(scanner.state().connected).toBe(1), { timeout: 10_000 })
        await scanner.scan(BASKET.articles[0]?.gtin ?? '')
        await scanner.scan(BASKET.card.gtin)
        await seen(now => now.prompts.length === 1)
        await scanner.scan(SERIAL)
        await seen(now => now.claims.some(claim => claim.state === 'reserved'))
      },
      showTask: task => said.push(`task ${task?.kind}`),
      say: text => said.push(text),
    }
    const { user, cspid = '' } = DEVELOPMENT_USER
    const servers = [host.url]
    const contentCards = { user, cspid, reservationServers: servers, activationServers: servers }
    const articles = new Map([...BASKET.articles, BASKET.card].map(article => [article.gtin, article]))
    const shop = {
      dir,
      articles,
      contentCards,
      scanner: here(scanner),
      terminal: here(terminal),
      printer: here(printer),
    }
    await sellOne(shop, screen, 'receipt-1')

    expect(said).toEqual([`${SERIAL}: active`])
    expect(view).toMatchObject({ state: 'closed', paper: { state: 'printed' } })
    expect(terminal.state().books).toMatchObject([{ kind: 'payment', state: 'booked', amountMinor: 2849 }])
    expect(printer.state().receipts).toHaveLength(1)
  } finally {
    await Promise.all([host.close(), scanner.close(), terminal.close(), printer.close()])
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    vi.unstubAllEnvs()
  }
})
