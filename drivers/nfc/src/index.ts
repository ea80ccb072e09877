// NFC and smart-card reader driver: cards and phones that are held to a PC/SC reader.
export { type Atr, type AtrField, type AtrProblem, readAtr } from './atr.ts'
export { type NfcOptions, nfcReader } from './driver.ts'
export {
  dataOf,
  isGood,
  readStorage,
  selectApplication,
  statusWord,
  WALLETS,
  writeStorage,
} from './frames.ts'
export { type ClassicKey, openBlock } from './mifare.ts'
export { type NdefMessage, readNdef } from './ndef.ts'
