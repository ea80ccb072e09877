// What others use of the simulated payment terminal.
export { type Accident, type AccidentName, type DialogueKind, TERMINAL_ACCIDENTS } from './accidents.ts'
export type { BookEntry, BookTotals } from './books.ts'
export type { RepeatShows } from './enquiries.ts'
export { TERMINAL_PROGRAM } from './program.ts'
export {
  startTerminalSim,
  type TerminalSim,
  type TerminalSimOptions,
  type TerminalState,
} from './terminal.ts'
