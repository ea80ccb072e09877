// The vocabulary of Cashdesk. Nothing here does I/O, reads a clock or decides anything.
export * from './brand.ts'
export * from './bytes.ts'
export * from './call.ts'
export * from './card-number.ts'
export * from './config.ts'
export * from './device.ts'
export * from './device-pinpad.ts'
export * from './effect.ts'
export * from './errors.ts'
export * from './event.ts'
export * from './gs1.ts'
export {
  type Gs1Element,
  type Gs1Problem,
  gs1Elements,
  type ParsedElements,
  type PlacedElement,
} from './gs1-elements.ts'
export { digitalLink } from './gs1-link.ts'
export {
  priceCheckDigit,
  type RestrictedNumber,
  type RestrictedTemplate,
  restrictedTemplate,
} from './gs1-restricted.ts'
export * from './gtin.ts'
export * from './ids.ts'
export * from './input.ts'
export * from './money.ts'
export * from './outcome.ts'
export * from './ports.ts'
export * from './receipt.ts'
export * from './sale.ts'
export * from './step.ts'
export * from './vat.ts'
