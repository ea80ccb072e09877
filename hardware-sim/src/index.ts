// Simulated devices that speak the real bytes.
export * from './card/index.ts'

export type { TypedLines, Typing } from './keys.ts'
export * from './pinpad/index.ts'
export * from './printer/index.ts'
export * from './program.ts'
export * from './programs.ts'
export * from './scanner/index.ts'
export type { AccidentArgs, SimAccident } from './switches.ts'
export * from './terminal/index.ts'
export * from './world/index.ts'
