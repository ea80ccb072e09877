// Every simulator that can be started by name.
import { CARD_PROGRAM } from './card/program.ts'
import { PINPAD_PROGRAM } from './pinpad/program.ts'
import { PRINTER_PROGRAM } from './printer/program.ts'
import type { SimProgram } from './program.ts'
import { SCANNER_PROGRAM } from './scanner/program.ts'
import { TERMINAL_PROGRAM } from './terminal/program.ts'

export const PROGRAMS: readonly SimProgram[] = [
  CARD_PROGRAM,
  PINPAD_PROGRAM,
  PRINTER_PROGRAM,
  SCANNER_PROGRAM,
  TERMINAL_PROGRAM,
]
