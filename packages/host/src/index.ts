// The reference back end as a library: start it, or take its pure rules into a simulation.
export type * from './books.ts'
export {
  type DeskOptions,
  EXCHANGE_PATH,
  type InProcessHost,
  type InProcessOptions,
  inProcessHost,
} from './desk.ts'
export type { KeyStore, PinReference, PinVerdict, SubmittedPin, WorkingKey } from './keys.ts'
export { type MemoryKeys, memoryKeyStore } from './keys-memory.ts'
export { runHost } from './program.ts'
export {
  type Activate,
  type ActivationRequest,
  DEFAULT_POLICY,
  decide,
  type Follow,
  keysOf,
  type Policy,
  type Reserve,
  refuseOutright,
  remainingMs,
  type Status,
  type Verdict,
} from './rules.ts'
export type { User } from './shapes.ts'
export {
  DEVELOPMENT_ADMIN_TOKEN,
  DEVELOPMENT_USER,
  type Host,
  type HostOptions,
  type StoreChoice,
  startHost,
} from './start.ts'
export { type Keep, type MemoryBooks, MemoryStore, type Snapshot } from './store-memory.ts'
