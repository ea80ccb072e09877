// PIN-entry pad driver: pads of the VeriFone packet family, on a serial line or over TCP.
export { serialPinpad, tcpPinpad } from './driver.ts'
export { FRAMING, type Frame, packetBytes } from './frames.ts'
export { type Answer, readAnswer } from './packets.ts'
export { type PadProfile, UIC, VERIFONE } from './profiles.ts'
export type { PinpadOptions } from './settings.ts'
