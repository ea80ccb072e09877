// The types of targets.mjs, for the test.
export interface Subject {
  take(bytes: Uint8Array): number
  rest(): void
  proves(): boolean
  holds(): number
}
export interface Target {
  readonly name: string
  readonly weight: number
  readonly good: readonly Uint8Array[]
  open(): Subject
  saysAtMost(bytes: number): number
  readonly holdsAtMost: number
}
export const TARGETS: readonly Target[]
