// The schema of the configuration. It is published for editors (docs/schemas), so every field says what it is for.
import { currency } from '@cashdesk/kernel'
import type { ProfileName, WireProfile } from '@cashdesk/plugin-activation'
import type { Secret } from '@cashdesk/sdk'
import { z } from 'zod'
import { articlesShape } from './articles-shape.ts'
import type { Config } from './config.ts'
import { PRINTER_PROFILES } from './devices.ts'

const WIRE_PROFILES = ['cashdesk-1'] as const satisfies readonly ProfileName[]

const text = (description: string, most = 200): z.ZodString =>
  z.string().min(1).max(most).describe(description)
const port = z.int().min(1).max(65_535)
const ms = (description: string, most = 86_400_000): z.ZodInt =>
  z.int().min(1).max(most).describe(description)

const NAMED = 'a secret is named here, not written: {"secret": "env:NAME"} or {"secret": "file:PATH"}'
const secretShape: z.ZodType<Secret> = z
  .strictObject(
    { secret: z.string().regex(/^(env|file):./, 'must be "env:NAME" or "file:PATH"') },
    { error: issue => (typeof issue.input === 'string' ? NAMED : undefined) },
  )
  .meta({
    id: 'secret',
    description: 'Where the secret is found: an environment variable, or a file that holds nothing else',
  })

// ── devices ─────────────────────────────────────────────────────────────────────────────────────────────

const host = text('Name or address', 255)
const serialSettings = {
  path: text('COM3, /dev/ttyACM0'),
  baudRate: z.int().min(50).max(4_000_000).exactOptional(),
  dataBits: z.literal([5, 6, 7, 8]).exactOptional(),
  parity: z.enum(['none', 'even', 'odd', 'mark', 'space']).exactOptional(),
  stopBits: z.literal([1, 1.5, 2]).exactOptional(),
  rtscts: z.boolean().describe('Hardware flow control').exactOptional(),
}
const serialLine = { kind: z.literal('serial'), ...serialSettings }
const usbId = z.int().min(0).max(0xffff).describe('As a decimal number: 1208 is 0x04b8').exactOptional()
const serialNumber = text('Tells two of the same make apart').exactOptional()
const deviceName = text('For messages and health').exactOptional()

const readingSettings = {
  aim: z.enum(['auto', 'none']).describe('AIM identifier before the data').exactOptional(),
  charset: z.enum(['auto', 'utf-8', 'latin1']).exactOptional(),
  cards: z.enum(['too', 'only']).describe('only: it reads magnetic stripes and nothing else').exactOptional(),
  ownCards: z
    .array(z.string().regex(/^[0-9]{1,19}$/, 'must be the first digits of a card number'))
    .max(100)
    .describe('First digits of the shop’s own stripe cards, which look like payment cards and are none')
    .exactOptional(),
}
const scannerSettings = {
  name: deviceName,
  ...readingSettings,
  prefix: z.string().max(16).describe('What the scanner sends before every code').exactOptional(),
  suffix: z
    .union([z.enum(['line', 'silence']), z.strictObject({ text: z.string().min(1).max(16) })])
    .describe('What ends a code; line (CR, LF) if absent')
    .exactOptional(),
  maxBytes: z.int().min(1).max(7_200).exactOptional(),
  timeoutMs: ms('Silence that ends a code; 200 if absent', 60_000).exactOptional(),
}
const scanner = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tcp'), host, port, ...scannerSettings }),
    z.strictObject({ ...serialLine, ...scannerSettings }),
    z.strictObject({
      kind: z.literal('hid'),
      name: deviceName,
      path: text('As cashdesk doctor lists it; the first scanner in POS mode if absent').exactOptional(),
      vendorId: usbId,
      productId: usbId,
      serialNumber,
      layout: z
        .enum(['auto', 'counted', 'counted-64', 'padded'])
        .describe('Of its reports; auto asks the system, which only Linux tells')
        .exactOptional(),
      ...readingSettings,
      timeoutMs: ms('Silence that ends a code; 200 if absent', 60_000).exactOptional(),
    }),
  ])
  .meta({ id: 'scanner' })

const charsets = ['cp437', 'iso-8859-1', 'iso-8859-2', 'iso-8859-15', 'utf-8'] as const
const byte = z.int().min(0).max(255)
const limit = z.int().min(1).max(7_200_000).exactOptional()
const terminal = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('zvt'),
    host: host.describe('Its name or address; or give serial').exactOptional(),
    port: port.describe('20007 if absent').exactOptional(),
    serial: z
      .strictObject(serialSettings)
      .describe('The serial line it hangs on; 9600 bits per second, 8N2 if nothing else is said')
      .exactOptional(),
    framing: z
      .enum(['bare', 'serial'])
      .describe('serial for a box that puts a serial line on the network')
      .exactOptional(),
    partialApproval: z
      .boolean()
      .describe(
        'The terminal may approve less than was asked, and the rest is paid otherwise; false if absent',
      )
      .exactOptional(),
    tips: z
      .boolean()
      .describe(
        'The cardholder may add a tip at the terminal; false if absent: then such a payment is rejected',
      )
      .exactOptional(),
    signature: z
      .enum(['ask', 'on-paper'])
      .describe('Who looks at a signature; ask the register if absent')
      .exactOptional(),
    password: secretShape.exactOptional(),
    printsReceipts: z
      .boolean()
      .describe('The till prints the terminal’s slips; true if absent')
      .exactOptional(),
    charset: z.enum([...charsets, '7-bit']).exactOptional(),
    profile: z
      .strictObject({
        afterAutoReversal: z
          .enum(['reversal', 'original', 'unknown'])
          .describe('What the terminal shows as its last transaction after it reversed a payment by itself')
          .exactOptional(),
        mirrorsReceipt: z
          .boolean()
          .describe(
            'Payments carry the number of the last one (1F1F); only where nobody else pays at this terminal',
          )
          .exactOptional(),
      })
      .describe('What is known of this make of terminal')
      .exactOptional(),
    registrationConfig: z
      .strictObject({
        configByte: byte.exactOptional(),
        serviceByte: byte.exactOptional(),
        charset: z.enum(charsets).exactOptional(),
        lineWidth: z.int().min(1).max(99).exactOptional(),
        questions: z
          .boolean()
          .describe('The terminal may ask the register; without onQuestion in code every answer is no')
          .exactOptional(),
        messageSequence: z.boolean().describe('Offer to count messages (1F73)').exactOptional(),
      })
      .exactOptional(),
    logOffOnClose: z.boolean().exactOptional(),
    timeouts: z
      .strictObject({
        openMs: limit,
        t3Ms: limit,
        t4Ms: limit,
        approvalMs: limit,
        questionMs: limit,
        t1Ms: limit,
        t2Ms: limit,
        wholeMs: limit,
        queryMs: limit,
        retryMs: limit,
        staleMs: limit,
        closeMs: limit,
      })
      .exactOptional(),
  }),
])

const printerSettings = {
  name: deviceName,
  profile: z
    .enum(PRINTER_PROFILES)
    .describe('Paper and code pages; epson (42 columns) if absent')
    .exactOptional(),
  answers: z
    .boolean()
    .describe('Whether the printer answers status questions; without, no print is ever known to be done')
    .exactOptional(),
  drawer: z
    .strictObject({
      pin: z.literal([2, 5]).exactOptional(),
      onMs: z.int().min(2).max(510).exactOptional(),
      offMs: z.int().min(2).max(510).exactOptional(),
      openWhen: z.enum(['high', 'low']).exactOptional(),
    })
    .exactOptional(),
  copyText: text('What a second paper says; COPY if absent', 40).exactOptional(),
  unprintable: z
    .enum(['report', 'image', 'replace'])
    .describe('What becomes of characters that the printer does not have; report if absent')
    .exactOptional(),
}
const printer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp'),
    host,
    port: port.describe('9100 if absent').exactOptional(),
    ...printerSettings,
  }),
  z.strictObject({ ...serialLine, ...printerSettings }),
  z.strictObject({
    kind: z.literal('usb'),
    vendorId: usbId,
    productId: usbId,
    serialNumber,
    ...printerSettings,
  }),
  z.strictObject({ kind: z.literal('file'), path: text('/dev/usb/lp0'), ...printerSettings }),
  z.strictObject({
    kind: z.literal('spooler'),
    printer: text('As Windows calls it; cashdesk doctor lists them'),
    ...printerSettings,
  }),
])

const restrictedCode = z
  .strictObject({
    layout: text(
      'A letter or digit for each of 8 or 13 digits: I article, P price, W weight, Q count, V verifier, X anything, C check digit: 20IIIIIVPPPPC',
      13,
    ),
    decimals: z.int().min(0).max(6).describe('Decimal places of the price, weight or count'),
    verifier: z.enum(['gs1', 'mod10']).describe('How V is computed; gs1 if absent').exactOptional(),
  })
  .meta({ id: 'restricted-code' })

// ── plugins ─────────────────────────────────────────────────────────────────────────────────────────────

const credential = z.union([text('As the provider gave it', 128), secretShape])
const servers = z.array(z.string().min(1)).min(1).max(8)
const deferred = z.int().min(0)
/** The plugin itself says what is wrong inside. */
const wireProfile = z
  .custom<WireProfile>(
    value => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object { … }',
  )
  .meta({ type: 'object', description: 'A provider’s own wire profile, as the plugin documents it' })
const activation = z.strictObject({
  name: z.literal('activation'),
  user: credential,
  password: secretShape,
  cspid: credential,
  reservationServers: servers.describe('Base addresses, the next one when one cannot be reached'),
  activationServers: servers,
  serviceid: text('The profile’s if absent').exactOptional(),
  version: text('The profile’s if absent').exactOptional(),
  path: text('The profile’s if absent').exactOptional(),
  profile: z
    .union([z.enum(WIRE_PROFILES), wireProfile])
    .describe('cashdesk-1 if absent')
    .exactOptional(),
  allowPlainHttp: z
    .boolean()
    .describe('Lets credentials travel unencrypted to servers that are not on this machine')
    .exactOptional(),
  deferral: z
    .strictObject({
      itemMinor: deferred.describe('Price of one card, in minor units'),
      cardMinor: deferred.describe('All lines with the same serial'),
      laneMinor: deferred.describe('Everything this lane has put off'),
      laneClaims: deferred.describe('How many cards this lane has put off'),
      ageMs: deferred.describe('Nothing more is put off when the oldest has waited this long'),
    })
    .describe('Cards that may be sold while no server can be reached; none if absent')
    .exactOptional(),
})

const nfc = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('pcsc'),
      name: deviceName,
      reader: text('Only readers whose name has this in it; all if absent').exactOptional(),
      ndef: z
        .boolean()
        .describe('Whether the NDEF message of a card is read; true if absent')
        .exactOptional(),
      wallets: z.boolean().describe('Whether Apple and Google passes are looked for').exactOptional(),
      applications: z
        .record(z.string(), z.string().regex(/^([0-9A-Fa-f]{2}){5,16}$/, 'is no AID in hexadecimal'))
        .describe('Further applications to look for: name and AID')
        .exactOptional(),
      binding: z.enum(['auto', 'nfc-pcsc', 'pcsc-mini']).exactOptional(),
      socket: text('Where pcscd listens, if not where it always does').exactOptional(),
      answerMs: ms('How long a card may take for one answer; 5000 if absent', 60_000).exactOptional(),
    }),
  ])
  .meta({ id: 'nfc' })

const padSettings = {
  name: deviceName,
  profile: z
    .enum(['verifone', 'uic'])
    .describe('What its packets look like; verifone if absent')
    .exactOptional(),
  blockFormat: z
    .enum(['iso-0', 'iso-3'])
    .describe('What the pad is set to for 8-byte blocks; iso-0 if absent')
    .exactOptional(),
  timeouts: z
    .strictObject({ openMs: limit, ackMs: limit, settleMs: limit, entryMs: limit, probeMs: limit })
    .exactOptional(),
}
const pinpad = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp'), host, port, ...padSettings }),
  z.strictObject({ ...serialLine, ...padSettings }),
])

// ── the till ────────────────────────────────────────────────────────────────────────────────────────────

export const configShape: z.ZodType<Config> = z
  .strictObject({
    $schema: z.string().exactOptional(),
    // No file system takes a NUL, whatever else it takes.
    dir: text('Where the journal lives: a directory on a local disk', 4_096).refine(
      value => !value.includes('\0'),
      'must hold no NUL',
    ),
    lane: z
      .string()
      .regex(/^[\w .:-]{1,40}$/, 'must be 1 to 40 letters, digits, spaces, dots, colons or dashes')
      .describe('The lane’s name, unique in the store; on every receipt'),
    currency: z
      .string()
      .refine(isCurrency, 'is no ISO 4217 currency that is known here')
      .describe('ISO 4217: EUR'),
    locale: z
      .string()
      .refine(isLocale, 'is no language tag like de-DE')
      .describe('BCP 47; en-GB if absent')
      .exactOptional(),
    header: z
      .array(z.string().max(200))
      .max(20)
      .describe('The lines at the top of every receipt')
      .exactOptional(),
    scanner: z.union([scanner, z.array(scanner).max(8)]).exactOptional(),
    terminal: terminal.exactOptional(),
    printer: printer.exactOptional(),
    nfc: z.union([nfc, z.array(nfc).max(4)]).exactOptional(),
    pinpad: pinpad.exactOptional(),
    restrictedCodes: z
      .array(restrictedCode)
      .max(20)
      .describe('What codes that begin with 02, 04 or 20 to 29 say in this shop; the first that fits counts')
      .exactOptional(),
    plugins: z
      .array(z.discriminatedUnion('name', [activation]))
      .max(32)
      .exactOptional(),
    catalog: z
      .strictObject({ file: text('The articles: docs/schemas/articles.json', 4_096) })
      .describe('Absent: the register brings every article itself')
      .exactOptional(),
    commitBudgetMs: z
      .int()
      .min(0)
      .max(600_000)
      .describe('How long the receipt waits for commits; 3000 if absent')
      .exactOptional(),
    paymentTimeMs: ms('The longest a payment may take; 180000 if absent').exactOptional(),
    askRegisterMs: ms(
      'How often the register is asked about a sale it owns; 30000 if absent',
    ).exactOptional(),
  })
  .meta({
    title: 'Cashdesk till',
    description: 'One till: its place, its devices, its plugins, its articles.',
  })

function isCurrency(code: string): boolean {
  try {
    return currency(code) !== undefined
  } catch {
    return false
  }
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

const PUBLISHED = { io: 'input', target: 'draft-7', unrepresentable: 'any' } as const

/** The published schemas by file name, as plain JSON (draft 7, which every editor knows). */
export function publishedSchemas(): { readonly [file: string]: object } {
  return {
    'config.json': z.toJSONSchema(configShape, PUBLISHED),
    'articles.json': z.toJSONSchema(articlesShape, PUBLISHED),
  }
}
