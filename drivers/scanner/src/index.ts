// Drivers for barcode scanners and magnetic stripe readers: on a serial line, over TCP, in HID POS mode, or as a keyboard.
export {
  type HidScannerOptions,
  type HidStripeOptions,
  hidScanner,
  hidScannerFrom,
  hidStripeReader,
  hidStripeReaderFrom,
  type ScannerOptions,
  serialScanner,
  stripeReader,
  tcpScanner,
} from './driver.ts'
export { type GatedScanner, gatedScanner, type Passing } from './gate.ts'
export { HID_LAYOUTS, type HidLayout, layoutOf } from './hid-layout.ts'
export { HID_STRIPE_LAYOUTS, type HidStripeLayout, isStripePage, stripeLayoutOf } from './hid-stripe.ts'
export type { HidModule, HidOptions } from './node-hid.ts'
export type { Framing } from './session.ts'
export {
  maskedPan,
  readSwipe,
  readTracks,
  type StripeOptions,
  type Swipe,
  type Track,
  type Tracks,
} from './tracks.ts'
export { type WedgeScanner, wedgeScanner } from './wedge.ts'
export type { KeyboardCountry } from './wedge-keys.ts'
export type { KeyPress, WedgeOptions } from './wedge-session.ts'
