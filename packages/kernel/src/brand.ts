// Branded primitives: a string that has been checked is not the same type as one that has not.

declare const brand: unique symbol

/** A `Base` that carries the name of what it was checked to be. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** Milliseconds since 1970-01-01T00:00:00Z on the till's own clock. */
export type EpochMs = number

/** Anything that survives a trip through JSON unchanged. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** A flat bag of facts that a device or provider reported: shown, printed, journaled, never interpreted blindly. */
export type Facts = { readonly [name: string]: string | number | boolean | null }

/** Reached only if a union grew and a switch did not. */
export function unreachable(value: never, where: string): never {
  throw new TypeError(`${where}: unexpected ${JSON.stringify(value)}`)
}
