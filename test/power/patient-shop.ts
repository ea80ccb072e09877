// The sdk's test shop with a provider that is given all the time it wants: a busy machine is none of the accidents that
// are tested here.
import { cards, QUICK } from '../../packages/sdk/test/cards.ts'
import { type Shop, TOKEN } from '../../packages/sdk/test/node-shop.ts'

type Options = NonNullable<Parameters<Shop['till']>[0]>
export type ShopTill = Awaited<ReturnType<Shop['till']>>

/** Small segments, and no snapshots: every record is read again. */
export function openShopTill(shop: Shop, ports: NonNullable<Options['ports']>): Promise<ShopTill> {
  const profile = { ...QUICK, timeoutMs: 60_000, reserveLimitMs: 60_000 }
  const plugins = [cards({ url: shop.server.url, token: TOKEN }, { profile })]
  return shop.till({ plugins, ports, segmentBytes: 32_768, snapshotEvery: 0 })
}
