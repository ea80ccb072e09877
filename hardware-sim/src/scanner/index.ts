// The simulated barcode scanner.
export { aimOf, type Terminator } from './codes.ts'
export type { ScannerOptions, ScannerState, ScanRecord } from './device.ts'
export { HidBus, type HidModel, hidDescriptor, hidReports, type ListedHid, type OpenHid } from './hid.ts'
export { type SimulatedScanner, type SimulatedScannerOptions, simulatedScanner } from './in-process.ts'
export { type TypedKey, type Typing, typedKeys } from './keys.ts'
export { SCANNER_PROGRAM } from './program.ts'
export { type ScannerSim, type ScannerSimOptions, startScannerSim } from './scanner.ts'
export { type Stripe, type Swiping, swipeText } from './stripe.ts'
