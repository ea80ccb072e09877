// The types of lane.mjs, for the test.
import type { Input } from './inputs.mjs'
import type { Target } from './targets.mjs'

export interface Finding {
  readonly target: string
  readonly index: number
  readonly since: number
  readonly kind: string
  readonly what: string
  readonly hex: string
}
export function live(
  target: Target,
  seed: string,
  life: number,
  count: number,
  progress?: (index: number) => void,
): {
  readonly inputs: number
  readonly slowestMs: number
  readonly findings: readonly Finding[]
  readonly more: number
}
export function repeated(target: Target, inputs: readonly Omit<Input, 'kind'>[]): string | undefined
