// The host's key store as the rest of the host sees it: PIN blocks go in, verdicts come out. Keys and clear PINs exist
// behind this interface alone; a shop with a hardware security module implements it on that.
import type { PinBlock } from '@cashdesk/kernel'

/** A PIN as it arrives: encrypted by the pad, passed on by the till. */
export interface SubmittedPin {
  /** 8 to 19 digits: the one the pad was given. */
  readonly account: string
  readonly block: PinBlock
  /** Master and session keys: which working key the pad was given. DUKPT names its key by the KSN. */
  readonly workingKeyId?: string
}

/**
 * `wrong` is the only answer that counts as a try of the customer. `unreadable`: the key, the account or the format
 * does not fit the block. `replayed`: this key was used before. `unknown-key`: no such key is kept here. Whoever asks
 * from outside is told only right or not right.
 */
export type PinVerdict = 'right' | 'wrong' | 'unreadable' | 'replayed' | 'unknown-key'

/** A working key for one pad, for the till to hand on. */
export interface WorkingKey {
  readonly id: string
  /** Encrypted under the pad's master key: hexadecimal. */
  readonly cryptogram: string
}

/** What is kept beside a card instead of its PIN: says nothing without the key store. */
export type PinReference = string

/** Keeps keys; never hands one out in clear, never logs one. */
export interface KeyStore {
  /** A new working key under this pad's master key; undefined where the pad is not known. */
  workingKey(pad: string): Promise<WorkingKey | undefined>
  /** The reference of a PIN that the issuer chose. @throws CashdeskError `value.malformed` */
  reference(account: string, pin: string): Promise<PinReference>
  /** The reference of a PIN that a customer chose at a pad. */
  enrol(submitted: SubmittedPin): Promise<PinReference | Exclude<PinVerdict, 'right' | 'wrong'>>
  /** Compares without telling by its duration where they differ. */
  verify(submitted: SubmittedPin, reference: PinReference): Promise<PinVerdict>
}
