// The types of shrink.mjs, for the test.
import type { Input } from './inputs.mjs'

type Bare = Omit<Input, 'kind'>
export function shrunk(
  inputs: readonly Bare[],
  what: string | undefined,
  attempt: (inputs: readonly Bare[]) => Promise<string | undefined>,
): Promise<readonly Bare[] | undefined>
export function written(inputs: readonly Bare[]): string
export function readWritten(text: string): readonly Bare[]
