// Receipt printer driver (ESC/POS): receipts on paper, proved by the printer's own answer.
export { type DrawerOptions, type EscPosPrinter, type PrinterOptions, printer, tcpPrinter } from './driver.ts'
export { type EncodedJob, type EncodeOptions, encodeReceipt, type Unprintable } from './encode.ts'
export { type EscposAdapter, type EscposCallback, escposAdapter } from './escpos.ts'
export { type Glyphs, loadGlyphs } from './glyphs.ts'
export type { Dots } from './picture.ts'
export { type Preview, previewReceipt } from './preview.ts'
export { epson, epson32, epson48, type PrinterProfile, star48, star48Status } from './profile.ts'
