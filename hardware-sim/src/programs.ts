// Every simulator that can be started by name.
import type { SimProgram } from './program.ts'

export const PROGRAMS: readonly SimProgram[] = []
