// NFC and smart-card reader driver: cards and phones that are held to a PC/SC reader.
export * from './atr.ts'
