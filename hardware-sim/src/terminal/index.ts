// What others use of the simulated payment terminal.
export { type Accident, type AccidentName, type DialogueKind, TERMINAL_ACCIDENTS } from './accidents.ts'
export type { BookEntry, BookTotals } from './books.ts'
export type { TerminalOptions, TerminalState } from './core.ts'
export type { RepeatShows } from './enquiries.ts'
export {
  type SimulatedTerminal,
  type SimulatedTerminalOptions,
  simulatedTerminal,
} from './in-process.ts'
export type { LineOptions, LineState } from './line.ts'
export { TERMINAL_PROGRAM } from './program.ts'
export type { TerminalPoint } from './talk.ts'
export { startTerminalSim, type TerminalSim, type TerminalSimOptions } from './terminal.ts'
