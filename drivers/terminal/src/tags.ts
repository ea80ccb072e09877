// What every TLV tag of the specification is called and how its content reads, for people who look at a capture
// (PA00P015 rev. 13.08, ch. 9.4). Some stand in containers only.
import { type FieldKind, table } from './fields.ts'

/** TLV tags (ch. 9.4). */
export const TAG_KINDS: ReadonlyMap<number, FieldKind> = table(`
  01 x reversal id
  02 d driver
  03 d vehicle
  04 d mileage
  05 d goods group
  06 d restriction 1
  07 t text line
  08 d receipt number
  09 n print attribute
  0a x command
  0b t information
  0c t information 2
  0d d restriction 2
  0e d service code
  0f t assignment number
  10 d merchant display, columns and lines
  11 d customer display, columns and lines
  12 d printer, characters a line
  13 t extra result code
  14 n character set
  15 t language
  16 n menu type
  17 n menu context
  18 n menu’s display
  19 x menu’s return value
  1a n longest APDU
  1b n kind of diagnosis
  1c x piece of a file
  1d n file id
  1e n start position
  20 c fleet card
  21 c permitted goods
  22 c prohibited goods
  23 c open reservations
  24 c display texts
  25 c print texts
  26 c permitted commands
  27 c character sets
  28 c languages
  29 c menus at the register
  2a c menus not at the register
  2b c menu
  2c c menu item
  2d c file
  2e c time stamp
  2f c kind of payment
  30 c card matching
  31 c amount information
  32 c input
  33 c key container
  34 c terminal’s date and time
  35 c daily restart
  40 x EMV configuration
  41 n card type
  42 t application label
  43 x application id
  44 t application’s preferred name
  45 d receipt parameter
  46 t EMV data for the customer’s receipt
  47 t EMV data for the merchant’s receipt
  48 n priority
  49 n network operator’s card type
  4a t product shown
  4b x issuer’s country
  4c s card UID
  4d s purse data EF_ID
  50 x background colour
  60 c application
  61 c applications on the stripe
  62 c applications on the chip
  63 c prepaid
  64 c receipt header
  65 c receipt advertising
  66 c customer’s receipt
  67 c merchant’s receipt
  68 c receipt outcome
  69 c reference transaction
  6a c invalid application
  80 s prepaid PIN
  81 t telephone number
  82 t top-up text
  83 x prepaid kind
  c1 t kind of bonus transaction
  c2 d bonus points
  c3 d remaining bonus points
  c4 d register’s transaction number
  c5 d worth of the points
  e1 c bonus points
  e2 c foreign currency
  e3 c barcode
  e4 c device information
  e5 c key
  e6 c card type
  e7 c merchant card
  e8 c value added services
  e9 c reference number
  ea c membership
  1f00 n file length
  1f01 n receipt id
  1f02 d from transaction
  1f03 d to transaction
  1f04 x receipt parameter
  1f05 x transaction parameter
  1f06 n kind of reservation
  1f07 n kind of receipt
  1f08 s track 1
  1f09 s track 2
  1f0a s track 3
  1f0b d most that can be reserved
  1f0c t number plate
  1f0d x data for the host
  1f0e d date
  1f0f d time
  1f10 n cardholder check
  1f11 n online
  1f12 n card technology
  1f13 n command asked for
  1f14 x card identification
  1f15 x card reading control
  1f16 x extended error code
  1f17 t extended error text
  1f18 n card notification
  1f19 n card acceptance
  1f1a p card number to match
  1f1b d markup
  1f1c t card name
  1f1d n kind of amount
  1f1e n decimals
  1f1f x mirrored receipt number
  1f20 d amount
  1f21 d currency
  1f22 n inverted rate unit
  1f23 x retrieval id
  1f24 x reference number
  1f25 d cash back
  1f26 n end-of-day mode
  1f27 t extended product name
  1f28 n emergency mode
  1f29 n limit overridden
  1f2a s further cardholder data
  1f2b d long trace number
  1f2c t profile name
  1f2d n where card data come from
  1f2e n barcode type
  1f2f t product code
  1f30 d purse top-up
  1f31 s encrypted PIN
  1f32 s key id
  1f33 s message to sign
  1f34 s message code
  1f35 d register id
  1f36 d tip
  1f37 x receipt information
  1f38 n input mode
  1f39 n input time-out
  1f3a s input
  1f3b x transaction information
  1f3c s input
  1f3d s input data
  1f3e s encrypted cardholder data
  1f3f d remaining balance
  1f40 t device name
  1f41 t software version
  1f42 t serial number
  1f43 n device state
  1f44 d terminal id
  1f45 x card’s answer
  1f46 s card command
  1f47 n card read error
  1f4c n card kind
  1f4d x card sub-kind
  1f51 s mandate
  1f52 t creditor
  1f53 t pre-notification
  1f54 n key generation
  1f55 x terminal locks
  1f56 t customer id
  1f57 d merchant card number
  1f58 d merchant card’s expiry
  1f59 x payment application
  1f5b n card poll time-out
  1f5c s encrypted key
  1f5d s key
  1f5e s account (IBAN)
  1f5f t bank (BIC)
  1f60 n card technologies allowed
  1f61 n customer index
  1f62 t kind of reference number
  1f63 t reference number
  1f65 n processing
  1f66 s wallet data
  1f67 t retailer
  1f68 s loyalty id
  1f69 s voucher id
  1f6a d remaining amount
  1f6b d least age
  1f6c n age check
  1f6d n card poll mode
  1f70 n partial approval possible
  1f71 x tags known
  1f72 n contactless detection
  1f73 d message number
  1f74 s password
  1f75 s encrypted input
  1f76 n key information wanted
  1f77 n key engine
  1f78 x restart time wanted
  1f79 n action wanted
  1f80 t file name
  1f81 t file type
  1f82 d transaction reference
  1f83 d acquirer
  ff01 x coupon
  ff02 x loyalty
  ff03 x parking ticket
  ff04 x voucher
`)
