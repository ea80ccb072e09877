// VAT contained in gross prices, by rate.
import { fraction, type Minor, minor, subtract } from './money.ts'

/** Hundredths of a percent: 1900 is 19 %. */
export type BasisPoints = number

export interface VatLine {
  readonly rate: BasisPoints
  readonly grossMinor: Minor
  readonly netMinor: Minor
  readonly vatMinor: Minor
}

/**
 * The tax inside gross amounts, summed per rate before it is rounded (once per rate, half away from zero), so that
 * net + VAT is the gross to the cent. Lines without a rate (multi-purpose vouchers) carry no tax and do not appear.
 */
export function vatOf(
  lines: readonly { readonly grossMinor: Minor; readonly rate: BasisPoints | null }[],
): readonly VatLine[] {
  const gross = new Map<BasisPoints, number>()
  for (const line of lines) {
    if (line.rate === null) continue
    gross.set(line.rate, (gross.get(line.rate) ?? 0) + line.grossMinor)
  }
  return [...gross]
    .sort(([a], [b]) => b - a)
    .map(([rate, sum]) => {
      const grossMinor = minor(sum)
      const vatMinor = fraction(grossMinor, rate, 10_000 + rate)
      return { rate, grossMinor, netMinor: subtract(grossMinor, vatMinor), vatMinor }
    })
}
