// Byte streams to devices: TCP, serial lines, USB printers, spoolers and file devices behind the kernel's `Transport`, and a link that keeps
// one of them open.
export { OPEN_TIMEOUT_MS, openWithin, waitAtMost } from './attempt.ts'
export * from './link.ts'
export { nodeTimer } from './node-duplex.ts'
export { type FileOptions, fileTransport } from './node-file.ts'
export { type SerialOptions, serialTransport } from './node-serial.ts'
export {
  type SpoolerLoader,
  type SpoolerOptions,
  spooledPrinters,
  spoolerTransport,
  spoolerTransportFrom,
} from './node-spooler.ts'
export { type TcpOptions, tcpTransport } from './node-tcp.ts'
export {
  type UsbModule,
  type UsbOptions,
  type UsbPrinterDevice,
  usbTransport,
  usbTransportFrom,
} from './node-usb.ts'
export {
  type Datatype,
  type Native,
  queueTrouble,
  type SpooledPrinter,
  type Spooler,
  type SpoolerHandle,
} from './spooler.ts'
