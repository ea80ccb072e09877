// The checkout: a pure machine that decides what a lane does next. It performs nothing and remembers nothing itself.
export { Carrying, keptSales, type Landmarks, landmarksAfter } from './carry.ts'
export { DECIDE_VERSION, type Decision, decide } from './decide.ts'
export { evolve, evolveInPlace, keep as keepSale } from './evolve.ts'
export { emptyLane, type Lane, type LaneOperation } from './lane.ts'
export { dueAfter, nextDue } from './recovery.ts'
export { EVOLVE_VERSION, laneParts, restoreLane } from './snapshot.ts'
export { diagram, TABLE, type Transition, validateTable } from './table.ts'
export { type Totals, totalsOf } from './totals.ts'
