// What the till has installed: the activation plugin as it ships, and two small ones as an author would write them, a
// coupon on the basket and a stored-value card that pays.
import { activation, PROFILES } from '@cashdesk/plugin-activation'
import {
  byField,
  type ClaimContext,
  definePlugin,
  enteredPin,
  type PluginFactory,
  type ProviderProfile,
  type StandardSchema,
  text,
} from '@cashdesk/sdk'
import { accountOf } from './pad.ts'
import type { Deferral } from './plan.ts'
import { MERCHANT } from './providers.ts'

/** How long a customer has for a PIN. */
const PIN_MS = 40_000

interface Server {
  readonly url: string
}

const anyServer: StandardSchema<Server> = {
  '~standard': {
    version: 1,
    vendor: 'simulation',
    validate: value => ({ value: { url: String(Object(value).url) } }),
  },
}

const read = {
  ...byField('state'),
  adjustments: 'adjustments',
  expiresInMs: 'expiresInMs',
  approvedMinor: 'approvedMinor',
}

type Context = ClaimContext<Server>
const basketMinor = (c: Context): number => c.basket.reduce((sum, line) => sum + line.grossMinor, 0)
const query = (_: Context, op: { readonly id: string }): { get: string; read: typeof read } => ({
  get: `/operations/${op.id}`,
  read,
})

const COUPON: RegExp = /^10OFF-\d+$/

/** How patient a provider is treated: by repetition, or by asking what became of it. */
export type Patience = Partial<ProviderProfile> & Pick<ProviderProfile, 'onUnknown'>

export function coupon(profile: Patience): PluginFactory {
  return definePlugin<Server>({
    name: 'coupon',
    version: '1.0.0',
    contract: 1,
    claims: 'basket',
    config: anyServer,
    servers: ({ url }) => [url],
    identify: code => COUPON.test(code) && { code },
    quote: c => ({
      post: '/quote',
      body: { code: c.subject['code'] ?? '', amountMinor: basketMinor(c) },
      read,
    }),
    reserve: (c, op) => ({
      post: '/reserve',
      key: op.id,
      body: { code: c.subject['code'] ?? '', sale: c.sale, amountMinor: basketMinor(c) },
      read,
    }),
    renew: (_, op) => ({ post: '/renew', key: op.id, body: { about: op.about ?? '' }, read }),
    release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.about ?? '' }, read }),
    commit: (_, op) => ({ post: '/commit', key: op.id, body: { about: op.about ?? '' }, read }),
    query,
    offline: { reserve: 'refuse', commit: 'queue', release: 'queue' },
    after: ['activation'],
    profile,
  })({ url: 'https://coupon.example' })
}

/** @param pin whether the customer enters a PIN at the pad */
export function purse(profile: Patience, pin: boolean): PluginFactory {
  const entered = pin ? { pin: enteredPin.block, ksn: enteredPin.ksn } : {}
  return definePlugin<Server>({
    name: 'purse',
    version: '1.0.0',
    contract: 1,
    claims: 'tender',
    config: anyServer,
    servers: ({ url }) => [url],
    reserve: (c, op) => ({
      post: '/reserve',
      key: op.id,
      body: { code: c.subject['card'] ?? '', amountMinor: op.amountMinor ?? 0, ...entered },
      read,
    }),
    renew: (_, op) => ({ post: '/renew', key: op.id, body: { about: op.about ?? '' }, read }),
    release: (_, op) => ({ post: '/release', key: op.id, body: { about: op.about ?? '' }, read }),
    commit: (_, op) => ({
      post: '/commit',
      key: op.id,
      body: { about: op.about ?? '', amountMinor: op.amountMinor ?? 0 },
      read,
    }),
    query,
    receipt: (_, standing) => (standing === 'done' ? [] : [text('Purse: capture follows')]),
    offline: { reserve: 'refuse', commit: 'queue', release: 'queue' },
    ...(pin
      ? {
          pin: c => ({
            account: accountOf(String(c.subject['card'])),
            prompt: 'PIN',
            key: { scheme: 'dukpt' },
            withinMs: PIN_MS,
          }),
        }
      : {}),
    // Such a request is sent once; and the sale waits for the customer, too.
    profile: pin ? { ...profile, onUnknown: 'query', reserveLimitMs: 9_000 + PIN_MS } : profile,
  })({ url: 'https://purse.example' })
}

export function cards(onUnknown: 'repeat' | 'query', deferral: Deferral | undefined): PluginFactory {
  const wire = PROFILES['cashdesk-1']
  return activation({
    user: MERCHANT.user,
    password: MERCHANT.pass,
    cspid: MERCHANT.cspid,
    reservationServers: ['https://activation.example'],
    activationServers: ['https://activation.example'],
    ...(deferral === undefined ? {} : { deferral }),
    profile: { ...wire, patience: { ...wire.patience, onUnknown } },
  })
}
