// The simulated receipt printer.
export { type DryRun, dryRun } from './dry-run.ts'
export { createInterpreter, type Interpreter } from './interpreter.ts'
export type { Operation, Problem } from './operations.ts'
export {
  type Kick,
  type PrinterSim,
  type PrinterSimOptions,
  type PrinterState,
  startPrinterSim,
} from './printer.ts'
export { PRINTER_PROGRAM } from './program.ts'
export type { PrintedReceipt } from './shelf.ts'
