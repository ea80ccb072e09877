// The situations that a run must have met, by name: each at least a hundred times in the run of the build, or it proves
// less than it says.

const TABLE = {
  'link-cut-before-040F': 'the terminal approved, and the line broke before it said so',
  'link-cut-after-040F': 'the terminal said that it approved, and the line broke before our acknowledgement',
  'link-cut-between-prints': 'the line broke between two lines of the terminal’s slip',
  'link-cut-after-ack': 'the payment is booked, and the line broke before the terminal said so',
  'torn-batch': 'the power failed within a write of the journal',
  'unsynced-batch': 'the power failed between a write and the end of its sync',
  'synced-not-told': 'the power failed right after a sync, before anybody heard of it',
  'crash-during-recovery': 'the till died while it recovered',
  'crashes-in-a-row': 'the till died three times or more before it opened again',
  'crash-while-paying': 'the till died while the terminal was at work',
  'crash-while-provider-works': 'the till died while a request was under way',
  'killed-not-lost': 'the process was killed, and the machine lived on',
  'late-answer': 'an answer came when nobody waited for it any more',
  'late-answer-after-query': 'an answer came after it had been asked what became of its request',
  'query-overtakes-original': 'a request arrived after the question what became of it',
  'operation-arrives-again': 'a provider saw an operation a second time',
  'scanned-again': 'a card was voided, and scanned again at once',
  'sold-offline': 'a card was sold while its provider could not be asked',
  'refused-after-offline': 'a card that was sold without its provider was refused later',
  'two-cards-pay': 'a sale was cancelled that two cards had paid for in part',
  'expiry-while-parked': 'a reservation ran out while its sale was parked',
  'taken-by-another': 'somebody else took a card whose reservation had run out',
  'outage-of-minutes': 'a provider was gone for minutes',
  'outage-of-days': 'a provider was gone for a day or longer',
  'clock-step-back': 'the clock was set back',
  'clock-step-forward': 'the clock was set forward',
  'register-dies': 'a register that owns its payment died between payment and word',
  'paper-out': 'the printer ran out of paper',
  'printer-absent': 'the printer was unplugged',
  'scanner-absent': 'the scanner was unplugged',
  'terminal-absent': 'the terminal was unplugged',
  'command-repeated': 'the cashier gave a command twice',
  'scan-while-paying': 'something was scanned while the customer paid',
  'payment-aborted': 'the cashier aborted a payment',
  'cancelled-while-paying': 'the cashier cancelled a sale while the customer paid',
  'reopened-total': 'the total was pressed, and taken back',
  'sale-cancelled': 'a sale was cancelled',
  'sale-voided': 'a paid sale was taken back whole',
  'line-returned': 'a line of a paid sale was taken back',
  'pin-entered': 'a customer entered a PIN',
  'crash-during-pin': 'the till died while a customer was to enter a PIN',
  'split-payment': 'a sale was paid in two payments or more',
  'person-decides': 'a person settled a task',
  'disk-error': 'a sync failed, and the journal took no more',
  'disk-error-restarted': 'a sync failed, and the process alone was started again',
} as const

export type SituationName = keyof typeof TABLE
export const SITUATIONS: { readonly [name in SituationName]: string } = TABLE

/** What the run of the build asks of each of them. */
export const HITS_IN_CI = 100
