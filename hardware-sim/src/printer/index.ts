// The simulated receipt printer.

export type { Kick, PrinterOptions, PrinterState } from './device.ts'
export { type DryRun, dryRun } from './dry-run.ts'
export type { PrinterPoint } from './engine.ts'
export { type Explained, type ExplainedCommand, type ExplainedPart, explainEscPos } from './explain.ts'
export { type SimulatedPrinter, type SimulatedPrinterOptions, simulatedPrinter } from './in-process.ts'
export { createInterpreter, type Interpreter } from './interpreter.ts'
export type { Operation, Problem } from './operations.ts'
export { type PrinterSim, type PrinterSimOptions, startPrinterSim } from './printer.ts'
export { PRINTER_PROGRAM } from './program.ts'
export type { PrintedReceipt } from './shelf.ts'
export { type SimulatedStarPrinter, type StarOptions, simulatedStarPrinter } from './star.ts'
