// What a register configures of the exchange: who it is, which servers it speaks to, and which wire profile.
import type { DeferralLimits, Secret } from '@cashdesk/sdk'
import { z } from 'zod'
import type { ProfileName } from './profiles.ts'
import { pathShape, type WireProfile, wordShape } from './wire-profile.ts'

export interface ActivationOptions {
  /** The merchant's credentials. Never journaled or logged, wherever they come from. */
  readonly user: string | Secret
  readonly password: string | Secret
  /** The merchant's shop, as the provider numbers it. */
  readonly cspid: string | Secret
  /** Base addresses that take reservations, renewals and releases; the next one when one cannot be reached. */
  readonly reservationServers: readonly string[]
  /** Base addresses that take activations and voids. */
  readonly activationServers: readonly string[]
  /** The profile's if absent, like `version` and `path`. */
  readonly serviceid?: string
  readonly version?: string
  readonly path?: string
  /** `cashdesk-1` if absent. */
  readonly profile?: ProfileName | WireProfile
  /** Lets credentials travel unencrypted to servers that are not on this machine. */
  readonly allowPlainHttp?: boolean
  /** Cards that may be sold while no server can be reached; none if absent. Amounts are prices in minor units. */
  readonly deferral?: DeferralLimits
}

/** The options as the request sees them, with placeholders for secrets. */
export interface Settings {
  readonly user: string
  readonly password: string
  readonly cspid: string
  readonly reservationServers: readonly string[]
  readonly activationServers: readonly string[]
  readonly serviceid?: string
  readonly version?: string
  readonly path?: string
  readonly allowPlainHttp?: boolean
  readonly deferral?: DeferralLimits
}

/** A provider has a few servers; trying more would outlast the customer. */
const MAX_SERVERS = 8

const credential = z.string().min(1).max(128)
const limit = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const servers = z
  .array(z.string().refine(isServer, 'an http or https address without credentials, query or fragment'))
  .min(1)
  .max(MAX_SERVERS)

export const settingsShape: z.ZodType<Settings> = z
  .strictObject({
    user: credential,
    password: credential,
    cspid: wordShape,
    reservationServers: servers,
    activationServers: servers,
    serviceid: wordShape.exactOptional(),
    version: wordShape.exactOptional(),
    path: pathShape.exactOptional(),
    allowPlainHttp: z.boolean().exactOptional(),
    deferral: z
      .strictObject({ itemMinor: limit, cardMinor: limit, laneMinor: limit, laneClaims: limit, ageMs: limit })
      .exactOptional(),
  })
  .check(({ value, issues }) => {
    if (value.allowPlainHttp) return
    for (const list of ['reservationServers', 'activationServers'] as const) {
      if (value[list].some(isExposed))
        issues.push({
          code: 'custom',
          input: value,
          path: [list],
          message: 'https, because credentials are in the address; or set allowPlainHttp',
        })
    }
  })

function isServer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  const bare = username === '' && password === '' && search === '' && hash === '' && !/[?#\s]/.test(text)
  return bare && (protocol === 'https:' || protocol === 'http:')
}

/** Unencrypted, and to somewhere else than this machine. */
function isExposed(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
