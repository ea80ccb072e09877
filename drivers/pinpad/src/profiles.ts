// How pads of one packet family differ, as data: how DUKPT is asked for, where the KSN stands in the answer, who owns
// the prompts, what the error letters mean. Sources: VeriFone MX800 Series Programmer's Guide (packets Z60, Z63, 71,
// 73, ipp_read); Uniform Industrial PIN Pad 791 Programmer's Manual (messages 70, Z60, Z62, 71, sections 9 and 10).
import type { ErrorCode, PinKey } from '@cashdesk/kernel'

export interface PadProfile {
  readonly name: string
  /** Where DUKPT is asked for, the key field says `DUKPT ENCRYPTION`, or there is none (`absent`). */
  readonly dukptKeyField: 'DUKPT ENCRYPTION' | 'absent'
  /** What stands before KSN and block. */
  readonly dukptAnswer: '73.00000' | '710'
  /** A pad with prompts of its own shows no other text while a PIN is entered: then Z62 names one of them. */
  readonly prompts: 'free' | 'own'
  /** Sent in Z62 where the till names no prompt. */
  readonly prompt: string
  /**
   * The pad has a packet `70` that shows an amount in this currency above its own prompt: its text has the sign of it, so
   * that no other amount may be shown by it (UIC, sections 9 and 10: `$`).
   */
  readonly amountsIn?: string
  /** Shown behind the entry; pads with prompts of their own have theirs. */
  readonly waitText?: string
  /** What an error letter behind `71` means; any other is `pinpad.refused`. */
  readonly errors: { readonly [scheme in PinKey['scheme']]: { readonly [letter: string]: ErrorCode } }
}

export const VERIFONE: PadProfile = {
  name: 'verifone',
  dukptKeyField: 'DUKPT ENCRYPTION',
  dukptAnswer: '73.00000',
  prompts: 'free',
  prompt: 'ENTER PIN',
  waitText: 'PLEASE WAIT',
  errors: {
    'master-session': {
      1: 'pinpad.no-key',
      2: 'pinpad.working-key',
      6: 'pinpad.no-key',
      7: 'pinpad.working-key',
    },
    dukpt: { 1: 'pinpad.no-key', 6: 'pinpad.used-up' },
  },
}

export const UIC: PadProfile = {
  name: 'uic',
  dukptKeyField: 'absent',
  dukptAnswer: '710',
  prompts: 'own',
  prompt: 'ENTER PIN',
  amountsIn: 'USD',
  errors: {
    'master-session': {
      1: 'pinpad.working-key',
      5: 'pinpad.working-key',
      7: 'pinpad.too-fast',
      9: 'pinpad.no-key',
      A: 'pinpad.no-key',
    },
    dukpt: { A: 'pinpad.no-key', F: 'pinpad.used-up' },
  },
}

export const PROFILES: { readonly [name: string]: PadProfile } = { verifone: VERIFONE, uic: UIC }
