// The simulated barcode scanner.
export { aimOf, type Terminator } from './codes.ts'
export type { ScannerOptions, ScannerState, ScanRecord } from './device.ts'
export { type SimulatedScanner, type SimulatedScannerOptions, simulatedScanner } from './in-process.ts'
export { SCANNER_PROGRAM } from './program.ts'
export { type ScannerSim, type ScannerSimOptions, startScannerSim } from './scanner.ts'
