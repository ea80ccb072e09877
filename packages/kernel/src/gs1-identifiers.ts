// The table of GS1 application identifiers: how long each is, what it may hold and which check digit it carries
// (GS1 General Specifications, ch. 3.2 and figure 7.8.5-2).

export interface ApplicationIdentifier {
  readonly ai: string
  /** Characters of a value that needs no separator behind it; absent for values that end at FNC1. */
  readonly fixed?: number
  readonly pattern: RegExp
  /** The leading digits of the value end in a check digit over this many. */
  readonly checked?: number
}

/** Format of a value: `N6` six digits, `N..8` up to eight, `X..20` up to twenty characters, joined by `+`. */
type Row = readonly [ai: string, format: string, checked?: number]

/** An `n` stands for the digit that says where the decimal point is. */
const TABLE: readonly Row[] = [
  ['00', 'N18', 18], // SSCC
  ['01', 'N14', 14], // GTIN
  ['02', 'N14', 14], // GTIN of contained trade items
  ['10', 'X..20'], // batch or lot
  ['11', 'N6'], // production date
  ['12', 'N6'], // due date
  ['13', 'N6'], // packaging date
  ['15', 'N6'], // best before
  ['16', 'N6'], // sell by
  ['17', 'N6'], // expiry
  ['20', 'N2'], // variant
  ['21', 'X..20'], // serial
  ['22', 'X..20'], // consumer product variant
  ['235', 'X..28'],
  ['240', 'X..30'], // additional item identification
  ['241', 'X..30'], // customer part number
  ['242', 'N..6'],
  ['243', 'X..20'],
  ['250', 'X..30'], // secondary serial
  ['251', 'X..30'],
  ['253', 'N13+X..17', 13], // GDTI
  ['254', 'X..20'],
  ['255', 'N13+N..12', 13], // coupon (GCN)
  ['30', 'N..8'], // count
  ['31nn', 'N6'], // weights and measures, metric
  ['32nn', 'N6'],
  ['33nn', 'N6'],
  ['34nn', 'N6'],
  ['35nn', 'N6'],
  ['36nn', 'N6'],
  ['37', 'N..8'], // count of contained items
  ['390n', 'N..15'], // amount payable
  ['391n', 'N3+N..15'],
  ['392n', 'N..15'], // price of a variable measure item
  ['393n', 'N3+N..15'], // the same with ISO 4217 currency
  ['394n', 'N4'], // percentage discount of a coupon
  ['395n', 'N6'], // price per unit
  ['400', 'X..30'],
  ['401', 'X..30'],
  ['402', 'N17', 17],
  ['403', 'X..30'],
  ['410', 'N13', 13], // GLNs
  ['411', 'N13', 13],
  ['412', 'N13', 13],
  ['413', 'N13', 13],
  ['414', 'N13', 13],
  ['415', 'N13', 13],
  ['416', 'N13', 13],
  ['417', 'N13', 13],
  ['420', 'X..20'],
  ['421', 'N3+X..9'],
  ['422', 'N3'],
  ['7001', 'N13'],
  ['7002', 'X..30'],
  ['7003', 'N10'],
  ['7006', 'N6'],
  ['710', 'X..20'],
  ['711', 'X..20'],
  ['712', 'X..20'],
  ['8001', 'N14'],
  ['8002', 'X..20'],
  ['8003', 'N14+X..16', 14], // GRAI, with its leading zero
  ['8004', 'X..30'],
  ['8005', 'N6'],
  ['8006', 'N18', 14], // piece of a trade item
  ['8007', 'X..34'],
  ['8008', 'N8+N..4'],
  ['8017', 'N18', 18],
  ['8018', 'N18', 18], // service relation, recipient: loyalty cards
  ['8019', 'N..10'],
  ['8020', 'X..25'], // payment slip reference
  ['8110', 'X..70'], // North American coupon
  ['8111', 'N4'], // loyalty points of a coupon
  ['8112', 'X..70'], // positive offer file coupon
  ['8200', 'X..70'], // product URL
  ['90', 'X..30'], // agreed between partners, and internal
  ['91', 'X..90'],
  ['92', 'X..90'],
  ['93', 'X..90'],
  ['94', 'X..90'],
  ['95', 'X..90'],
  ['96', 'X..90'],
  ['97', 'X..90'],
  ['98', 'X..90'],
  ['99', 'X..90'],
]

/** Characters after which no separator stands, by the first two digits, without the identifier itself. */
const PREDEFINED: { readonly [firstTwo: string]: number } = {
  '00': 18,
  '01': 14,
  '02': 14,
  '11': 6,
  '12': 6,
  '13': 6,
  '15': 6,
  '16': 6,
  '17': 6,
  '20': 2,
  '31': 6,
  '32': 6,
  '33': 6,
  '34': 6,
  '35': 6,
  '36': 6,
  '41': 13,
}

/** GS1 AI encodable character set 82. */
const X = '[!"%-?A-Z_a-z]'

/** Identifiers that this table does not name, by first two digits: their length, so that the rest can still be read. */
const LENGTHS: readonly (readonly [firstTwo: RegExp, length: number])[] = [
  [/^(2[345]|4[0-3]|71)/, 3],
  [/^(39|7[02]|8[0-2])/, 4],
]

const KNOWN: ReadonlyMap<string, Omit<ApplicationIdentifier, 'ai'>> = new Map(
  TABLE.map(([ai, format, checked]) => {
    const fixed = PREDEFINED[ai.slice(0, 2)]
    return [
      ai,
      {
        pattern: patternOf(format),
        ...(fixed === undefined ? {} : { fixed }),
        ...(checked === undefined ? {} : { checked }),
      },
    ]
  }),
)

/** The identifier with which `text` begins, or undefined if none does. One that is only agreed in kind reads up to FNC1. */
export function identifierAt(text: string): ApplicationIdentifier | undefined {
  for (const length of [2, 3, 4]) {
    const ai = text.slice(0, length)
    if (ai.length < length || !/^\d+$/.test(ai)) return undefined
    const known = KNOWN.get(ai) ?? measureOf(ai)
    if (known !== undefined) return { ai, ...known }
  }
  const length = LENGTHS.find(([firstTwo]) => firstTwo.test(text))?.[1]
  const ai = length === undefined ? '' : text.slice(0, length)
  return length !== undefined && /^\d+$/.test(ai) && ai.length === length
    ? { ai, pattern: patternOf('X..90') }
    : undefined
}

function measureOf(ai: string): Omit<ApplicationIdentifier, 'ai'> | undefined {
  if (ai.length !== 4) return undefined
  return KNOWN.get(`${ai.slice(0, 3)}n`) ?? KNOWN.get(`${ai.slice(0, 2)}nn`)
}

function patternOf(format: string): RegExp {
  const parts = format.split('+').map(part => {
    const [, kind, upTo, count] = /^([NX])(\.\.)?(\d+)$/.exec(part) ?? []
    const optional = format.includes('+') && upTo !== undefined
    const least = upTo === undefined ? count : optional ? '0' : '1'
    return `${kind === 'N' ? '\\d' : X}{${least},${count}}`
  })
  return new RegExp(`^${parts.join('')}$`)
}
