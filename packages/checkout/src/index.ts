// The checkout: a pure machine that decides what a lane does next. It performs nothing and remembers nothing itself.
export { DECIDE_VERSION, type Decision, decide } from './decide.ts'
export { evolve } from './evolve.ts'
export { isKnownEvent } from './known-events.ts'
export { emptyLane, type Lane, type LaneOperation } from './lane.ts'
export { nextDue } from './recovery.ts'
export { EVOLVE_VERSION, laneParts, restoreLane } from './snapshot.ts'
export { diagram, TABLE, type Transition, validateTable } from './table.ts'
export { type Totals, totalsOf } from './totals.ts'
