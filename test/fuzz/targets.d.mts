// The types of targets.mjs, for the test.
import type { Chance } from './inputs.mjs'

export interface Subject {
  take(bytes: Uint8Array): number
  rest(): void
  proves(): boolean
  holds(): number
}
export interface Target {
  readonly name: string
  readonly good: readonly Uint8Array[]
  readonly make?: (chance: Chance) => Uint8Array
  readonly weight: number
  open(): Subject
  saysAtMost(bytes: number): number
  readonly holdsAtMost: number
  readonly pure?: boolean
}
export const TARGETS: readonly Target[]
