// What every command and data field (BMP) of the specification is called and how its content reads, for people who look
// at a capture (PA00P015 rev. 13.08, ch. 13, 14). The driver itself needs few of them.

/**
 * How a content reads. `digits`: packed BCD. `number`: binary, big-endian. `secret`: never shown. `pan`: shown masked.
 * `fields`: further data objects.
 */
type Reading = 'digits' | 'text' | 'number' | 'bytes' | 'secret' | 'pan' | 'fields'

export interface FieldKind {
  readonly name: string
  readonly reads: Reading
}

const READINGS: { readonly [letter: string]: Reading } = {
  d: 'digits',
  t: 'text',
  n: 'number',
  x: 'bytes',
  s: 'secret',
  p: 'pan',
  c: 'fields',
}

/** One line each: number, how it reads, name. */
export function table(lines: string): ReadonlyMap<number, FieldKind> {
  const rows = lines.trim().split('\n')
  return new Map(
    rows.map((row): [number, FieldKind] => {
      const [, number = '', letter = '', name = ''] = /^\s*(\S+) (\S) (.*)$/.exec(row) ?? []
      return [Number.parseInt(number, 16), { name, reads: READINGS[letter] ?? 'bytes' }]
    }),
  )
}

/** BMPs (ch. 13). */
export const BMP_KINDS: ReadonlyMap<number, FieldKind> = table(`
  01 n time-out
  02 n most status informations
  03 n service byte
  04 d amount
  05 n pump
  06 c container
  0b d trace number
  0c d time
  0d d date
  0e s expiry date
  17 d card sequence number
  19 n payment type or status
  22 p card number
  23 s track 2
  24 s track 3
  27 n result code
  29 d terminal id
  2a t contract number
  2d s track 1
  2e s chip data
  37 d original trace number
  3a s card verification value
  3b t authorisation
  3c t additional text
  3d s password
  49 d currency
  4c d blocked goods
  60 x single totals
  70 n image id
  71 n image size
  72 n image type
  73 n image encoding
  74 n image pieces
  75 n image piece
  87 d receipt number
  88 d turnover number
  8a n card type
  8b t card name
  8c n network operator’s card type
  92 x additional data
  9a s purse record
  a0 n host’s result code
  a7 s chip data EF_ID
  aa d date with year
  af s chip data EF_Info
  ba x authorisation parameter
  d0 n key algorithm
  d1 s PIN data
  d2 n card output direction
  d3 n key identifier
  e0 n shortest input
  e1 t second text, line 1
  e2 t second text, line 2
  e3 t second text, line 3
  e4 t second text, line 4
  e5 t second text, line 5
  e6 t second text, line 6
  e7 t second text, line 7
  e8 t second text, line 8
  e9 n longest input
  ea n echo of the input
  eb x code over the texts
  f0 n seconds on the display
  f1 t text line 1
  f2 t text line 2
  f3 t text line 3
  f4 t text line 4
  f5 t text line 5
  f6 t text line 6
  f7 t text line 7
  f8 t text line 8
  f9 n beeps
  fa n card reader on or off
  fb n confirmation wanted
  fc n dialogue control
  fd n display
`)

/** Commands and answers (ch. 14). */
export const COMMAND_NAMES: ReadonlyMap<number, string> = new Map(
  [
    ...table(`
  0401 c set time at the register
  040d c input request
  040e c menu request
  040f c status information
  04ff c intermediate status
  0501 c status enquiry
  0600 c registration
  0601 c authorisation
  0602 c log-off
  0603 c balance
  0604 c activate card
  0605 c procurement
  0609 c prepaid top-up
  060a c tax free
  060c c book tip
  060d c menu with picture
  060f c completion
  0610 c send totals
  0612 c print receipts
  0618 c reset terminal
  061a c print configuration
  061b c terminal id
  061e c abort
  0620 c repeat receipt
  0621 c telephonic authorisation
  0622 c reservation
  0623 c partial reversal of a reservation
  0624 c book total of a reservation
  0625 c reversal of a reservation
  0626 c reversal of another terminal’s reservation
  0630 c reversal
  0631 c refund
  0650 c end of day
  0651 c send offline transactions
  0670 c diagnosis
  0679 c self-test
  0685 c display text, old
  0686 c ask for a number, old
  0687 c check a PIN, old
  0688 c ask for a key, old
  0691 c set time at the terminal
  0693 c initialisation
  0695 c change password
  06b0 c abort by the register
  06c0 c read card
  06c5 c close card session
  06c6 c send APDUs
  06d0 c menu with picture
  06d1 c print line
  06d3 c print block
  06d8 c dial up
  06d9 c send by modem
  06da c receive by modem
  06db c hang up
  06dd c transparent mode
  06e0 c display text
  06e1 c ask for a key
  06e2 c ask for a number
  06e3 c check a PIN
  06e4 c blocked-list query
  06e5 c message code
  06e6 c card poll with authorisation
  06e7 c ask for an encrypted number
  06e8 c reference number in BMP 60
  06e9 c reference number in BMP 58
  06f0 c display image
  0801 c service mode
  0802 c switch protocol
  0810 c software update
  0811 c read file
  0812 c delete file
  0813 c change configuration
  0814 c write file
  0820 c OPT action
  0821 c OPT time
  0822 c OPT initialisation
  0823 c OPT data
  0824 c OPT out of order
  0830 c select language
  0840 c change baud rate
  0850 c activate card reader
  `),
  ].map(([control, { name }]): [number, string] => [control, name]),
)

/** Commands whose data begin with the password (ch. 2). */
export const WITH_PASSWORD: ReadonlySet<number> = new Set([
  0x0600, 0x0612, 0x0618, 0x061a, 0x0620, 0x0621, 0x0630, 0x0631, 0x0650, 0x0651, 0x0691, 0x0693, 0x0695,
])
