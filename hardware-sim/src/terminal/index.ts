// What others use of the simulated payment terminal.
export { type AccidentName, TERMINAL_ACCIDENTS } from './accident-table.ts'
export type { Accident, DialogueKind } from './accidents.ts'
export type { BookEntry, BookTotals, CardTotals, Manner } from './book-entry.ts'
export type { RepeatShows } from './enquiries.ts'
export {
  type SimulatedTerminal,
  type SimulatedTerminalOptions,
  simulatedTerminal,
} from './in-process.ts'
export type { LineOptions, LineState } from './line.ts'
export { TERMINAL_PROGRAM } from './program.ts'
export type { Slip } from './slips.ts'
export type { TerminalPoint } from './talk.ts'
export { startTerminalSim, type TerminalSim, type TerminalSimOptions } from './terminal.ts'
export type { TerminalOptions, TerminalState } from './terminal-options.ts'
