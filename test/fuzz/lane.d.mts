// The types of lane.mjs, for the test.
import type { Target } from './targets.mjs'

export interface Finding {
  readonly target: string
  readonly index: number
  readonly kind: string
  readonly what: string
  readonly hex: string
}
export const LIFE: number
export function live(
  target: Target,
  seed: string,
  life: number,
  count: number,
  progress?: (index: number) => void,
): { readonly inputs: number; readonly findings: readonly Finding[]; readonly more: number }
