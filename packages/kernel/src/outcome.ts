// What can come back from the world. There are three answers, and "no answer" is one of them:
// a time-out, a lost link, a 5xx, a malformed answer and a crash are all `unknown`, never `refused`.
import type { ErrorReport } from './errors.ts'

/** The operation happened; `data` says what came of it. */
export interface Done<T> {
  readonly outcome: 'done'
  readonly data: T
}

/** The operation did certainly not happen, and never will under this id. */
export interface Refused {
  readonly outcome: 'refused'
  readonly error: ErrorReport
}

/** Nobody here knows whether the operation happened. It must be queried, never guessed. */
export interface Unknown {
  readonly outcome: 'unknown'
  readonly error: ErrorReport
}

export type Outcome<T> = Done<T> | Refused | Unknown

export function done<T>(data: T): Done<T> {
  return { outcome: 'done', data }
}

export function refused(error: ErrorReport): Refused {
  return { outcome: 'refused', error }
}

export function unknown(error: ErrorReport): Unknown {
  return { outcome: 'unknown', error }
}
