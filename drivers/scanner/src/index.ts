// Barcode scanner driver: scanners that send a code as a stream of bytes, on a serial line or over TCP.
export { type ScannerOptions, serialScanner, tcpScanner } from './driver.ts'
export type { Framing } from './session.ts'
