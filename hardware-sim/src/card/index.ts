// The simulated card: cards and phones on the virtual reader of pcscd, and a pcscd to go with them.
export { type CardSim, type CardSimOptions, type CardState, startCardSim, VPCD_PORT } from './card.ts'
export {
  type ClassicOptions,
  classic,
  type IsoDepOptions,
  isoDep,
  type PhoneOptions,
  phone,
  type SimulatedCard,
  type TagKind,
  type TagOptions,
  tag,
} from './cards.ts'
export {
  ndefMessage,
  type TagExternal,
  type TagMime,
  type TagRecord,
  type TagText,
  type TagUri,
} from './ndef.ts'
export { missingForPcscd, type Pcscd, startPcscd } from './pcscd.ts'
export { CARD_PROGRAM } from './program.ts'
export { type FelicaOptions, felica, type VicinityOptions, vicinity } from './vicinity.ts'
