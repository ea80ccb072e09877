// A register whose card provider keeps real books behind a real HTTP server.
import type { SaleHandle, SaleView, Till, TillOptions } from '../src/index.ts'
import { type ReferenceProvider, referenceProvider } from '../src/testing-provider.ts'
import { cards } from './cards.ts'
import { CARD, COFFEE, Register } from './node-register.ts'
import { type ProviderServer, serve } from './node-server.ts'

export const TOKEN = 'tok-4711-abc'

export interface Shop extends Register {
  readonly provider: ReferenceProvider
  readonly server: ProviderServer
  /** A till with the card plugin, unless `options` says otherwise. */
  till(options?: Partial<TillOptions>): Promise<Till>
}

export async function openShop(provider: ReferenceProvider = referenceProvider()): Promise<Shop> {
  const register = new Register()
  const server = register.also(await serve(request => provider.respond(request)))
  const plugins = [cards({ url: server.url, token: TOKEN })]
  const till = (options: Partial<TillOptions> = {}): Promise<Till> => register.open({ plugins, ...options })
  return Object.assign(register, { provider, server, till })
}

/** Answers the open question. */
export async function answer(sale: SaleHandle, serial: string): Promise<void> {
  await sale.answer(sale.view().prompts[0]?.id ?? 'none', serial)
}

/** Rings up a coffee and a card, and answers with its serial. */
export async function ringUp(till: Till, id: string, serial = `SER-${id}`): Promise<SaleHandle> {
  const sale = await till.sale({ id })
  await sale.add({ line: '1', gtin: COFFEE })
  await sale.add({ line: '2', gtin: CARD })
  await answer(sale, serial)
  return sale
}

/** Resolves when the sale's durable view fits. */
export function seen(sale: SaleHandle, fits: (view: SaleView) => boolean): Promise<SaleView> {
  return new Promise(resolve => {
    const look = (view: SaleView): void => {
      if (!fits(view)) return
      stop()
      resolve(view)
    }
    const stop = sale.on('changed', look)
    look(sale.view())
  })
}

/** Lets everything that can happen at once happen. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

/** The code with which a promise was rejected. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return 'no error'
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown
  }
}
