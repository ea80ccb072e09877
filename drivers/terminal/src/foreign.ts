// A conversion into the cardholder's currency (DCC) as a status information tells it: container E2 with one amount
// information (tag 31) for each of base amount, rate, foreign amount and commission (PA00P015 ch. 9.4.2, 9.4.8).
import {
  bcdDecode,
  currency,
  exponentOf,
  findTlv,
  type PaymentFacts,
  readTlvs,
  type Tlv,
} from '@cashdesk/kernel'
import { currencyOf } from './currency.ts'
import { AMOUNT_KIND, TAG } from './frames.ts'

/** An amount as an amount information has it: `1999` with two `decimals`. */
export interface ToldAmount {
  readonly amountMinor: number
  readonly decimals: number
  readonly currency?: string
}

interface Conversion {
  readonly facts: Partial<PaymentFacts>
  /** What the shop gets, as the container repeats it: it must be the amount of the payment. */
  readonly base?: ToldAmount
}

/** More places than any amount or rate has. */
const MAX_DECIMALS = 9

/** What the container says; undefined where there is none. What cannot be read is left out. */
export function readConversion(tlvs: readonly Tlv[]): Conversion | undefined {
  const container = findTlv(tlvs, TAG.foreign)
  if (!container) return undefined
  const { items } = readTlvs(container)
  const told = (kind: number): ToldAmount | undefined =>
    items
      .filter(item => item.tag === TAG.amountInformation)
      .map(item => readTlvs(item.value).items)
      .filter(inside => findTlv(inside, TAG.amountKind)?.at(-1) === kind)
      .flatMap(inside => toldAmount(inside) ?? [])[0]
  const base = told(AMOUNT_KIND.base)
  const amount = told(AMOUNT_KIND.foreign)
  const rate = told(AMOUNT_KIND.rate)
  const commission = told(AMOUNT_KIND.commission)
  const markup = amountOf(findTlv(items, TAG.markup))
  return {
    ...(base && { base }),
    facts:
      amount?.currency === undefined
        ? {}
        : {
            foreignAmount: decimal(amount),
            foreignCurrency: amount.currency,
            ...(rate && { foreignRate: decimal(rate) }),
            ...(markup !== undefined && { foreignMarkup: decimal({ amountMinor: markup, decimals: 2 }) }),
            ...(commission && {
              foreignCommission: [decimal(commission), commission.currency].join(' ').trim(),
            }),
          },
  }
}

/** Does the container repeat another amount than the payment's? `ordered` is the currency that terminal and shop have. */
export function isDisputed(
  base: ToldAmount | undefined,
  paid: Partial<Pick<PaymentFacts, 'amountMinor' | 'currency'>>,
  ordered: string,
): boolean {
  if (!base) return false
  if ((base.currency ?? ordered) !== (paid.currency ?? ordered)) return true
  if (paid.amountMinor === undefined) return false
  const places = placesOf(ordered)
  if (places === undefined) return true
  const scaled = (amount: number, by: number): bigint => BigInt(amount) * 10n ** BigInt(by)
  return scaled(base.amountMinor, places) !== scaled(paid.amountMinor, base.decimals)
}

function placesOf(ordered: string): number | undefined {
  try {
    return exponentOf(currency(ordered))
  } catch {
    return undefined
  }
}

function toldAmount(inside: readonly Tlv[]): ToldAmount | undefined {
  const amountMinor = amountOf(findTlv(inside, TAG.informationAmount))
  const decimals = findTlv(inside, TAG.decimals)?.at(-1) ?? 2
  if (amountMinor === undefined || decimals > MAX_DECIMALS) return undefined
  const digits = bcd(findTlv(inside, TAG.informationCurrency))
  const named = digits === undefined || digits === '' ? undefined : currencyOf(digits.padStart(4, '0'))
  return { amountMinor, decimals, ...(named !== undefined && { currency: named }) }
}

function amountOf(bytes: Uint8Array | undefined): number | undefined {
  const digits = bcd(bytes)
  const amount = digits === undefined || digits === '' ? Number.NaN : Number(digits)
  return Number.isSafeInteger(amount) ? amount : undefined
}

function bcd(bytes: Uint8Array | undefined): string | undefined {
  return bytes && bcdDecode(bytes)
}

function decimal({ amountMinor, decimals }: ToldAmount): string {
  const text = String(amountMinor).padStart(decimals + 1, '0')
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
}
