// What a shop may set about its PIN pad, with the values that hold where it says nothing.
import { CashdeskError } from '@cashdesk/kernel'
import { type PadProfile, PROFILES } from './profiles.ts'
import type { SessionTimes } from './session.ts'

export interface PinpadOptions {
  /** For messages; the transport's name if absent. */
  readonly name?: string
  /** `verifone` (default), `uic`, or a description of another pad of the family. */
  readonly profile?: 'verifone' | 'uic' | PadProfile
  /** Which 8-byte format the pad is set to: the packets do not tell. 16-byte blocks are always format 4. Default `iso-0`. */
  readonly blockFormat?: 'iso-0' | 'iso-3'
  readonly timeouts?: {
    /** For the connection, before an entry. Default 3000. */
    readonly openMs?: number
    /** For the acknowledgement of one packet, which goes out three times. Default 3000. */
    readonly ackMs?: number
    /** For an EOT behind an acknowledgement. Default 300. */
    readonly settleMs?: number
    /** For the customer; pads end an entry by themselves after 270 s at the latest. Default 300000. */
    readonly entryMs?: number
    /** Between two looks for a pad that does not answer. Default 10000. */
    readonly probeMs?: number
  }
}

export interface Settings {
  readonly name: string
  readonly profile: PadProfile
  readonly blockFormat: 'iso-0' | 'iso-3'
  readonly times: SessionTimes
  readonly openMs: number
  readonly probeMs: number
}

/** An hour: no time limit of a pad is longer. */
const MAX_MS = 3_600_000

/** @throws CashdeskError `config.invalid` */
export function settingsOf(options: PinpadOptions, transportName: string): Settings {
  const { profile = 'verifone', blockFormat = 'iso-0', timeouts = {} } = options
  const known = typeof profile === 'string' ? PROFILES[profile] : profile
  if (known === undefined) throw new CashdeskError('config.invalid', { field: 'profile' })
  if (blockFormat !== 'iso-0' && blockFormat !== 'iso-3')
    throw new CashdeskError('config.invalid', { field: 'blockFormat' })
  const time = (name: keyof typeof timeouts, otherwise: number): number => {
    const value = timeouts[name] ?? otherwise
    if (Number.isSafeInteger(value) && value > 0 && value <= MAX_MS) return value
    throw new CashdeskError('config.invalid', { field: `timeouts.${name}` })
  }
  return {
    name: options.name ?? transportName,
    profile: known,
    blockFormat,
    times: {
      ackMs: time('ackMs', 3000),
      settleMs: time('settleMs', 300),
      entryMs: time('entryMs', 300_000),
    },
    openMs: time('openMs', 3000),
    probeMs: time('probeMs', 10_000),
  }
}
