// A plugin as a reader of the documentation would write it: prepaid cards that are reserved, activated, released.
import { z } from 'zod'
import {
  byField,
  definePlugin,
  type PluginDefinition,
  type PluginFactory,
  type Secret,
  text,
} from '../src/index.ts'

interface CardsConfig {
  readonly url: string
  readonly token: string
}

const read = { ...byField('state'), expiresInMs: 'expiresInMs' }

export const cardsDefinition: PluginDefinition<CardsConfig> = {
  name: 'cards',
  version: '1.0.0',
  contract: 1,
  claims: 'line',
  config: z.object({ url: z.string(), token: z.string().min(1) }),
  secrets: ['token'],
  servers: ({ url }) => [url],
  wants: article => article.group === 'cards' && { ask: { kind: 'serial', text: 'Scan the card' } },
  reserve: (c, op) => ({
    post: '/reserve',
    key: op.id,
    headers: { authorization: `Bearer ${c.config.token}` },
    body: { serial: c.serial },
    read,
  }),
  renew: (_, op) => ({ post: '/renew', key: op.id, body: { about: op.about ?? '' }, read }),
  release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.about ?? '' }, read }),
  commit: (c, op) => ({
    post: '/commit',
    key: op.id,
    body: { serial: c.serial, about: op.about ?? '' },
    read,
  }),
  void: (c, op) => ({ post: '/void', key: op.id, body: { serial: c.serial, about: op.about ?? '' }, read }),
  query: (_, op) => ({ get: `/operations/${op.id}`, read }),
  offline: { reserve: 'refuse', commit: 'queue', release: 'queue', void: 'queue' },
  beforePaper: true,
  receipt: (c, standing) => [text(`Card ${c.serial}: ${standing === 'done' ? 'active' : standing}`)],
}

/** Time limits that fit a test; retries follow at once. */
export const QUICK = {
  timeoutMs: 400,
  reserveLimitMs: 800,
  retry: { firstMs: 20, factor: 1.5, maxMs: 100, jitter: 0 },
  breaker: { failures: 5, coolMs: 300 },
} as const

export function cards(
  config: { readonly url: string; readonly token: string | Secret },
  change: Partial<PluginDefinition<CardsConfig>> = {},
): PluginFactory {
  return definePlugin({ ...cardsDefinition, profile: QUICK, ...change })(config)
}
