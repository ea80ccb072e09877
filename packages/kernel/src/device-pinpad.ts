// The contract between the till and a PIN-entry pad: what is asked, what comes back, and what it means for the money.
import type { Device, DevicePorts } from './device.ts'
import type { OperationId } from './ids.ts'
import type { Outcome } from './outcome.ts'
import type { CancelSignal } from './ports.ts'

/** ISO 9564-1: formats 0 and 3 are 8 bytes under (3)DES, format 4 is 16 bytes under AES. */
export type PinBlockFormat = 'iso-0' | 'iso-3' | 'iso-4'

/** Under which key the pad encrypts. Both keys live in the pad and in the host's key store, never in the till. */
export type PinKey =
  | {
      readonly scheme: 'master-session'
      /** The host's working key as the host sent it: hexadecimal, encrypted under the pad's master key. */
      readonly workingKey: string
      /** Which of the pad's master keys opens it, 0 to 9; absent: the one that is selected. */
      readonly masterKey?: number
    }
  /** Derived unique key per transaction (ANSI X9.24): the answer names its key by the KSN. */
  | { readonly scheme: 'dukpt' }

/** What the till wants a PIN for. */
export interface PinRequest {
  readonly op: OperationId
  /** 8 to 19 digits. In a log it stands as its last four. */
  readonly account: string
  /** One or two lines for the customer, each 1 to 16 printable ASCII characters. Absent: the pad's own. */
  readonly prompt?: string
  /** 4 to 12; default 4. */
  readonly minDigits?: number
  /** 4 to 12, not below `minDigits`; default 12. */
  readonly maxDigits?: number
  readonly key: PinKey
  /** Shown beside the prompt where the pad can; minor units. */
  readonly amount?: { readonly amountMinor: number; readonly currency: string }
}

/**
 * The encrypted PIN. A secret although it is encrypted: it is sealed before it is journaled, or not journaled at
 * all, and never logged.
 */
export interface PinBlock {
  readonly format: PinBlockFormat
  /** 16 digits (formats 0 and 3) or 32 (format 4), upper case. */
  readonly blockHex: string
  /** The key serial number, padded to 20 digits (TDES) or 24 (AES), upper case; DUKPT only. */
  readonly ksnHex?: string
  /** How many digits were typed, where the pad tells. */
  readonly digits?: number
}

export interface PinHooks {
  /** For the cashier's screen: "the customer enters the PIN". */
  readonly onMessage?: (message: string) => void
  /** Asks the pad to stop. It may be too late: the outcome tells. */
  readonly signal?: CancelSignal
}

/**
 * Asks the customer for a PIN and returns it encrypted. The clear PIN never exists in the till.
 *
 * A PIN entry moves no money, so every outcome but `done` means "nothing was charged". `refused`: there is no block.
 * `unknown`: the pad may have made a block that nobody received; it is never delivered later, so the way on is a new
 * entry. Nothing can be asked again: an operation that carried a PIN block is query-only after a crash, because the
 * block may not be kept.
 */
export interface Pinpad extends Device {
  readonly family: 'pinpad'
  open(ports: DevicePorts): Promise<void>
  /** One entry at a time: a second one is refused with `pinpad.busy` before anything is sent. */
  enterPin(request: PinRequest, hooks?: PinHooks): Promise<Outcome<PinBlock>>
  /** Shows a text until the next one: up to 64 printable ASCII characters, or up to 7 lines of 16. */
  show(text: string): Promise<Outcome<null>>
  /** Ends an entry that runs, as its `signal` does, and clears the pad's session. Resolves in bounded time. */
  cancel(): Promise<void>
}
