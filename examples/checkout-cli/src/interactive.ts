// At a terminal.
import type { Accident } from './accidents.ts'

export async function runInteractive(_dir: string, _accident: Accident | undefined): Promise<number> {
  return 1
}
