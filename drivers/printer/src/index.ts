// Receipt printer driver (ESC/POS): receipts on paper, proved by the printer's own answer.
export { type DrawerOptions, type EscPosPrinter, type PrinterOptions, printer, tcpPrinter } from './driver.ts'
export { type EncodedJob, type EncodeOptions, encodeReceipt } from './encode.ts'
export { type EscposAdapter, type EscposCallback, escposAdapter } from './escpos.ts'
export { epson, epson32, epson48, type PrinterProfile } from './profile.ts'
