// The types of inputs.mjs, for the test.
export interface Chance {
  readonly below: (limit: number) => number
  readonly byte: () => number
  readonly one: <T>(list: readonly T[]) => T
  readonly often: (of: number) => boolean
}
export interface Input {
  readonly kind: string
  readonly bytes: Uint8Array
  readonly cuts: readonly number[]
}
export function chanceOf(...seeds: readonly (string | number)[]): Chance
export function inputOf(chance: Chance, good: readonly Uint8Array[]): Input
