// The day as it was meant to be: which customers come, what they want, how they pay. Drawn before anything happens, part
// by part, so that any part can be left out when a failing day is made smaller.
import type { Schedule } from './schedule.ts'
import { CARDS, PLAIN, type Ware } from './shop.ts'

export interface Item {
  /** The register's own name of the line. */
  readonly line: string
  readonly ware: Ware
  /** On a card. */
  readonly serial?: string
  /** `keyed`: by the register; `scanned`: article and serial one after the other; `symbol`: both in one GS1 symbol. */
  readonly how: 'keyed' | 'scanned' | 'symbol'
}

export interface TenderPlan {
  readonly by: 'cash' | 'card' | 'purse'
  /** Percent of what is open; 100 is the rest. */
  readonly share: number
}

export interface CustomerPlan {
  /** The sale's number. */
  readonly sale: string
  readonly owner: 'till' | 'register'
  readonly items: readonly Item[]
  readonly coupon?: string
  readonly tenders: readonly TenderPlan[]
  /** Parked in the middle for so long, ms. */
  readonly parkedMs?: number
  readonly cancels: boolean
  /** What comes back of it later. */
  readonly back?: 'void' | 'return'
  readonly pausedMs: number
}

/** How much may be sold while the provider of the cards cannot be asked. */
export interface Deferral {
  readonly itemMinor: number
  readonly cardMinor: number
  readonly laneMinor: number
  readonly laneClaims: number
  readonly ageMs: number
}

export interface DayPlan {
  readonly swiss: boolean
  readonly onUnknown: 'repeat' | 'query'
  readonly customers: readonly CustomerPlan[]
  readonly endsDay: boolean
  readonly deferral?: Deferral
  /** The terminal has a printer: no slip of its own comes between our acknowledgement and its booking. */
  readonly terminalPrints: boolean
  /** Purses are used with a PIN. */
  readonly pin: boolean
  /** Records between two snapshots. Few: one that is taken too early must be met, and started from. */
  readonly snapshotEvery: number
}

const MINUTE_MS = 60_000

/** Serial numbers there are at the provider. */
export const SERIALS = 60

export function serialOf(number: number): string {
  return `S${String(1000 + number)}`
}

/** Which product a serial belongs to: every other one. */
export function wareOfSerial(number: number): Ware {
  return CARDS[number % CARDS.length] ?? CARDS[0]
}

export function dayOf(schedule: Schedule): DayPlan {
  const count = schedule.between('customers', 4, 7)
  let nextSerial = 0
  const customers: CustomerPlan[] = []
  for (let index = 0; index < count; index += 1) {
    const cards = schedule.pick('cards', [0, 1, 1, 2, 3])
    const serials = Array.from({ length: cards }, (_, card) => nextSerial + card)
    nextSerial += cards
    // Drawn whole in any case, and then left out: the others do not change by it.
    const drawn = customerOf(schedule, `sale-${index + 1}`, serials)
    if (!schedule.isOff(`customer ${index + 1}`)) customers.push(drawn)
  }
  return {
    swiss: schedule.chance('swiss', 0.15),
    onUnknown: schedule.chance('asks when unknown', 0.5) ? 'query' : 'repeat',
    customers,
    endsDay: schedule.chance('ends the day', 0.5),
    snapshotEvery: schedule.pick('snapshot every', [2, 5, 25]),
    terminalPrints: schedule.chance('the terminal prints', 0.35),
    pin: schedule.chance('purses have PINs', 0.5),
    ...(schedule.chance('sells offline', 0.35) ? { deferral: deferralOf(schedule) } : {}),
  }
}

function deferralOf(schedule: Schedule): Deferral {
  return {
    itemMinor: schedule.pick('offline per item', [1_000, 5_000, 5_000]),
    cardMinor: 5_000,
    laneMinor: schedule.pick('offline in all', [3_000, 20_000]),
    laneClaims: schedule.between('offline cards', 1, 6),
    ageMs: schedule.pick('offline for', [600_000, 86_400_000]),
  }
}

function customerOf(schedule: Schedule, sale: string, serials: readonly number[]): CustomerPlan {
  const cards = serials.map(
    (number, index): Item => ({
      line: `card-${index + 1}`,
      ware: wareOfSerial(number),
      serial: serialOf(number),
      how: schedule.pick('how a card is taken', ['keyed', 'scanned', 'symbol']),
    }),
  )
  const few = schedule.between('plain articles', cards.length === 0 ? 1 : 0, 3)
  const plain = Array.from(
    { length: few },
    (_, index): Item => ({
      line: `plain-${index + 1}`,
      ware: schedule.pick('which article', PLAIN),
      how: schedule.pick('how it is taken', ['keyed', 'scanned']),
    }),
  )
  const owner = schedule.chance('owned by the register', 0.2) ? 'register' : 'till'
  const coupon = schedule.chance('coupon', 0.25)
    ? `10OFF-${schedule.between('which coupon', 1, 40)}`
    : undefined
  const parked = schedule.pick('parked for', [2, 8, 20, 40, 300]) * MINUTE_MS
  const parks = schedule.chance('parks', 0.15)
  const back = schedule.pick<'void' | 'return' | 'never'>('comes back', [
    'void',
    'return',
    'never',
    'never',
    'never',
    'never',
  ])
  const off = (what: string): boolean => schedule.isOff(`${sale} ${what}`)
  return {
    sale,
    owner,
    items: [...cards, ...plain].filter(item => !off(item.line)),
    tenders: tendersOf(schedule),
    cancels: schedule.chance('cancels', 0.08) && !off('cancels'),
    pausedMs: schedule.between('pause', 1_000, 20 * MINUTE_MS),
    ...(coupon === undefined || off('coupon') ? {} : { coupon }),
    ...(parks && !off('parked') ? { parkedMs: parked } : {}),
    ...(back === 'never' || off('back') ? {} : { back }),
  }
}

const HABITS: readonly [readonly TenderPlan[], ...(readonly TenderPlan[])[]] = [
  [{ by: 'card', share: 100 }],
  [{ by: 'card', share: 100 }],
  [{ by: 'cash', share: 100 }],
  [
    { by: 'card', share: 40 },
    { by: 'card', share: 100 },
  ],
  [
    { by: 'cash', share: 30 },
    { by: 'card', share: 100 },
  ],
  [
    { by: 'card', share: 20 },
    { by: 'card', share: 50 },
    { by: 'cash', share: 100 },
  ],
  [
    { by: 'purse', share: 100 },
    { by: 'card', share: 100 },
  ],
  [
    { by: 'purse', share: 50 },
    { by: 'cash', share: 100 },
  ],
]

function tendersOf(schedule: Schedule): readonly TenderPlan[] {
  return schedule.pick('pays', HABITS)
}
