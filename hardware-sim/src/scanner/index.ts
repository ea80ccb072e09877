// The simulated barcode scanner.
export { aimOf, type Terminator } from './codes.ts'
export { SCANNER_PROGRAM } from './program.ts'
export {
  type ScannerSim,
  type ScannerSimOptions,
  type ScannerState,
  type ScanRecord,
  startScannerSim,
} from './scanner.ts'
