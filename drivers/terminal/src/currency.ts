// Currencies by the numbers that the protocol has for them (ISO 4217).

/** Currencies that terminals are set up for, or that cardholders pay in. */
const CODES =
  'AED784 ALL008 ARS032 AUD036 BAM977 BGN975 BHD048 BRL986 CAD124 CHF756 CLP152 CNY156 COP170 CZK203 ' +
  'DKK208 EGP818 EUR978 GBP826 GEL981 HKD344 HUF348 IDR360 ILS376 INR356 ISK352 JOD400 JPY392 KRW410 ' +
  'KWD414 KZT398 MAD504 MDL498 MKD807 MXN484 MYR458 NOK578 NZD554 OMR512 PEN604 PHP608 PLN985 QAR634 ' +
  'RON946 RSD941 RUB643 SAR682 SEK752 SGD702 THB764 TND788 TRY949 TWD901 UAH980 USD840 VND704 ZAR710'

const NUMERIC: ReadonlyMap<string, string> = new Map(
  CODES.split(' ').map((code): [string, string] => [code.slice(0, 3), code.slice(3)]),
)

/** `EUR` as the two BCD bytes' digits `0978`; undefined if no terminal of this table takes it. */
export function currencyDigits(alphabetic: string): string | undefined {
  const numeric = NUMERIC.get(alphabetic)
  return numeric === undefined ? undefined : `0${numeric}`
}

/** `0978` as `EUR`; a code that is not in the table stays the digits it is. */
export function currencyOf(digits: string): string {
  return [...NUMERIC].find(([, numeric]) => digits === `0${numeric}`)?.[0] ?? digits
}
