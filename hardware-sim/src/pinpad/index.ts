// The simulated PIN-entry pad.
export type { PadOptions, PadState } from './device.ts'
export { type SimulatedPinpad, type SimulatedPinpadOptions, simulatedPinpad } from './in-process.ts'
export type { KeyOptions } from './keybox.ts'
export { type PinpadSim, type PinpadSimOptions, startPinpadSim } from './pinpad.ts'
export { PINPAD_PROGRAM } from './program.ts'
