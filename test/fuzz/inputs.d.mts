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
export const LIFE: number
export function inputsOf(
  seed: string,
  target: {
    readonly name: string
    readonly good: readonly Uint8Array[]
    readonly make?: (chance: Chance) => Uint8Array
    readonly pure?: boolean
  },
): (index: number) => Input
