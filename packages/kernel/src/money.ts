// Money: safe integers in minor units of one ISO 4217 currency. No fractions, no floats, nothing lost in a division.
import type { Brand } from './brand.ts'
import { CashdeskError } from './errors.ts'

/** An amount in minor units (cents, rappen, yen): a safe integer, negative for money going back. */
export type Minor = Brand<number, 'Minor'>

/** No single amount may exceed this: sums over a whole day stay far inside the safe integers. */
export const MAX_MINOR = 1_000_000_000_000

export const ZERO: Minor = 0 as Minor

/** ISO 4217 exponents that are not 2, and the smallest coin where it is not one minor unit. */
const EXPONENTS: { readonly [currency: string]: number } = {
  BHD: 3,
  BIF: 0,
  CLF: 4,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  UYW: 4,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
}
const TWO_DIGITS = new Set(
  'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG'.split(
    ' ',
  ),
)
/** Smallest cash step in minor units where coins are coarser than the currency. */
const CASH_STEPS: { readonly [currency: string]: number } = {
  CHF: 5,
  SEK: 100,
  NOK: 100,
  DKK: 50,
  CZK: 100,
  HUF: 500,
  CAD: 5,
  AUD: 5,
  NZD: 10,
}

/** ISO 4217 alphabetic code that this house knows. */
export type Currency = Brand<string, 'Currency'>

/** @throws CashdeskError `value.currency` */
export function currency(value: unknown): Currency {
  if (typeof value === 'string' && (value in EXPONENTS || TWO_DIGITS.has(value))) return value as Currency
  throw new CashdeskError('value.currency', { currency: String(value).slice(0, 8) })
}

/** Digits after the decimal point (ISO 4217 exponent). */
export function exponentOf(code: Currency): number {
  return EXPONENTS[code] ?? 2
}

/** The smallest amount that coins of this currency can make, in minor units. */
export function cashStepOf(code: Currency): number {
  return CASH_STEPS[code] ?? 1
}

/** Checks that `value` is an amount. @throws CashdeskError `value.amount` */
export function minor(value: unknown, field = 'amount'): Minor {
  if (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= MAX_MINOR)
    return (value + 0) as Minor
  throw new CashdeskError('value.amount', { field, value: String(value).slice(0, 32) })
}

export function add(...amounts: readonly Minor[]): Minor {
  return minor(amounts.reduce((sum, amount) => sum + amount, 0))
}

export function subtract(from: Minor, amount: Minor): Minor {
  return minor(from - amount)
}

export function negate(amount: Minor): Minor {
  return minor(amount === 0 ? 0 : -amount)
}

export function times(amount: Minor, quantity: number): Minor {
  return minor(amount * quantity)
}

/** `numerator / denominator` of an amount, half away from zero, without ever leaving the integers. */
export function fraction(amount: Minor, numerator: number, denominator: number): Minor {
  const scaled = BigInt(Math.abs(amount)) * BigInt(Math.abs(numerator)) * 2n + BigInt(denominator)
  const rounded = Number(scaled / (BigInt(denominator) * 2n))
  return minor(Math.sign(amount) * Math.sign(numerator) < 0 ? -rounded + 0 : rounded)
}

/** Splits an amount by weights so that the parts add up to it exactly; the largest remainders get the odd units. */
export function allocate(amount: Minor, weights: readonly number[]): readonly Minor[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (
    weights.length === 0 ||
    total <= 0 ||
    weights.some(weight => weight < 0 || !Number.isSafeInteger(weight))
  ) {
    throw new CashdeskError('value.amount', { field: 'weights' })
  }
  const sign = amount < 0 ? -1n : 1n
  const size = BigInt(Math.abs(amount))
  const shares = weights.map((weight, index) => {
    const exact = size * BigInt(weight)
    return { index, whole: exact / BigInt(total), remainder: exact % BigInt(total) }
  })
  let left = size - shares.reduce((sum, share) => sum + share.whole, 0n)
  const byRemainder = [...shares].sort((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
  )
  for (const share of byRemainder) {
    if (left === 0n) break
    share.whole += 1n
    left -= 1n
  }
  return shares.map(share => minor(Number(sign * share.whole)))
}

/** The amount that cash can pay: the nearest multiple of the smallest coin, half away from zero. */
export function roundToCash(amount: Minor, code: Currency): Minor {
  const step = cashStepOf(code)
  return minor(Math.sign(amount) * Math.floor((Math.abs(amount) * 2 + step) / (2 * step)) * step + 0)
}

/** `19.99 EUR`, for receipts and logs; a display should format for its own locale. */
export function formatMinor(amount: Minor | number, code: Currency | string): string {
  return `${formatAmount(amount, code)} ${code}`
}

/** `19.99`: the amount alone, with the currency's digits. */
export function formatAmount(amount: Minor | number, code: Currency | string): string {
  const digits = EXPONENTS[code] ?? 2
  const size = Math.abs(amount)
    .toString()
    .padStart(digits + 1, '0')
  const sign = amount < 0 ? '-' : ''
  return digits === 0 ? `${sign}${size}` : `${sign}${size.slice(0, -digits)}.${size.slice(-digits)}`
}
