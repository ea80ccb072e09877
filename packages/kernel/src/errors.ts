// One error class, one table. A code never changes its meaning; a test proves this table against
// docs/errors.md and against every code that is used in the house.

/** What an error says about the money: nothing moved, it moved, or nobody knows yet. */
export type MoneyEffect = 'none' | 'done' | 'unknown'

/** May the same operation be tried again? `same`: under its id. `new`: as a new attempt by a person. */
export type Retry = 'same' | 'new' | 'never'

/** Where it happened, in the words of the house. */
export type Locus =
  | 'register'
  | 'sale'
  | 'tender'
  | 'claim'
  | 'provider'
  | 'terminal'
  | 'printer'
  | 'scanner'
  | 'nfc'
  | 'pinpad'
  | 'transport'
  | 'http'
  | 'journal'
  | 'disk'
  | 'config'
  | 'plugin'
  | 'value'
  | 'host'
  | 'sim'

export interface ErrorEntry {
  readonly locus: Locus
  readonly outcome: MoneyEffect
  readonly retry: Retry
  /** What happened. */
  readonly message: string
  /** What to do now. */
  readonly next: string
}

/** Per code: where, what it means for the money, whether to try again, what happened, what to do now. */
const TABLE = {
  // values
  'value.amount': [
    'value',
    'none',
    'new',
    'An amount is a whole number of minor units, and this is not one in range.',
    'Send the amount in minor units (1999 for 19.99).',
  ],
  'value.currency': [
    'value',
    'none',
    'never',
    'This currency is not known, or is not the till’s.',
    'Use the ISO 4217 code the till was opened with.',
  ],
  'value.gtin': [
    'value',
    'none',
    'new',
    'The check digit of this article code is wrong.',
    'Scan the article again, or type the number under the bars.',
  ],
  'value.id': [
    'value',
    'none',
    'new',
    'An id is 1 to 64 letters, digits, dots, colons, slashes, dashes or underscores.',
    'Send the register’s own id for this sale, line or payment.',
  ],
  'value.malformed': [
    'value',
    'none',
    'new',
    'The command is not of the documented shape.',
    'Compare it with the published schema; `detail` names the field.',
  ],
  // the register's commands
  'register.repeated-differently': [
    'register',
    'none',
    'never',
    'This id was used before with other content.',
    'Repeat the command exactly, or use a new id for a new intention.',
  ],
  'register.closed': [
    'register',
    'none',
    'same',
    'The till is closed.',
    'Open it and send the command again.',
  ],
  'sale.unknown': ['sale', 'none', 'never', 'There is no sale with this id.', 'Open the sale first.'],
  'sale.long-ended': [
    'sale',
    'none',
    'same',
    'This sale ended long ago; it is in the journal and no longer in memory.',
    'Ask for it with `recall`, which reads the journal.',
  ],
  'sale.wrong-state': [
    'sale',
    'none',
    'new',
    'The sale does not take this command in its present state.',
    'Look at the sale’s view: it names its state and what it waits for.',
  ],
  'sale.not-in-front': [
    'sale',
    'none',
    'new',
    'Another sale is in front.',
    'Park or finish the sale in front, or resume this one.',
  ],
  'sale.empty': [
    'sale',
    'none',
    'new',
    'There is nothing to pay for: no line is on the sale.',
    'Scan an article, or cancel the sale.',
  ],
  'sale.too-large': [
    'sale',
    'none',
    'new',
    'The sale would exceed what one receipt can hold.',
    'Finish this sale and open another.',
  ],
  'sale.not-cancellable': [
    'sale',
    'done',
    'never',
    'The sale is past the point where it can be cancelled.',
    'Finish it; undo it afterwards as a void or a return.',
  ],
  'sale.revision': [
    'sale',
    'unknown',
    'new',
    'The payment names another revision or total than the sale has.',
    'Read the sale’s view and settle the difference before sending the payment again.',
  ],
  'sale.no-original': [
    'sale',
    'none',
    'never',
    'The original sale is not in this till’s journal, or is not paid.',
    'Void or return a sale that this till closed.',
  ],
  'line.unknown': [
    'sale',
    'none',
    'never',
    'There is no such line on this sale.',
    'Look at the sale’s view for its lines.',
  ],
  'line.quantity': [
    'sale',
    'none',
    'new',
    'A quantity is a whole number from 1 to 9999; a card is sold one at a time.',
    'Correct the quantity.',
  ],
  'line.exceeds-original': [
    'sale',
    'none',
    'new',
    'More would come back than was sold.',
    'Return at most what the original sale still holds.',
  ],
  'article.unknown': [
    'sale',
    'none',
    'new',
    'No article has this code.',
    'Enter the article by hand, or set it aside.',
  ],
  'article.incomplete': [
    'sale',
    'none',
    'new',
    'The catalog does not say what a provider must know about this article.',
    'Complete the article in the catalog, then scan it again.',
  ],
  'prompt.open': [
    'sale',
    'none',
    'new',
    'The till is waiting for an answer, and this is not one.',
    'Answer the question on the screen first, or void its line.',
  ],
  'prompt.unknown': [
    'sale',
    'none',
    'never',
    'This question is not open, or was answered already.',
    'Look at the sale’s view for its open prompts.',
  ],
  'prompt.answer': [
    'sale',
    'none',
    'new',
    'This is no usable answer to the question.',
    'Scan or type the serial that is printed on the card.',
  ],
  'scan.unreadable': ['scanner', 'none', 'new', 'The code could not be understood.', 'Scan it again.'],
  'scan.too-many': [
    'scanner',
    'none',
    'new',
    'Too many scans wait for the catalog; this one rang up nothing.',
    'Look at the screen, then scan again what is missing.',
  ],
  'scan.no-sale': [
    'sale',
    'none',
    'new',
    'Nothing was rung up: no sale is in front.',
    'Open a sale, then scan again.',
  ],
  // claims and providers
  'claim.refused': [
    'claim',
    'none',
    'new',
    'The provider refused.',
    'Offer the customer another card, or sell without it.',
  ],
  'claim.already-active': [
    'claim',
    'none',
    'never',
    'This card is already active.',
    'Take another card from the shelf; do not sell this one.',
  ],
  'claim.wrong-article': [
    'claim',
    'none',
    'new',
    'This serial belongs to another article.',
    'Scan the serial of the card whose article was scanned.',
  ],
  'claim.unknown-serial': [
    'claim',
    'none',
    'new',
    'The provider does not know this serial.',
    'Scan the serial again; if it stays unknown, take another card.',
  ],
  'claim.taken': [
    'claim',
    'none',
    'new',
    'This card is reserved or being sold elsewhere.',
    'Wait a moment or take another card.',
  ],
  'claim.pending': [
    'claim',
    'none',
    'same',
    'A reservation has not been answered yet.',
    'Wait for it, or void its line.',
  ],
  'claim.offline-limit': [
    'claim',
    'none',
    'new',
    'The provider cannot be reached, and no more may be sold without asking it.',
    'Sell it when the line is back; see `detail.limit` for the limit that was reached.',
  ],
  'claim.expired': [
    'claim',
    'none',
    'new',
    'The reservation could not be renewed in time for the payment.',
    'Scan the card again.',
  ],
  'claim.refund-due': [
    'claim',
    'done',
    'never',
    'The card was paid, and the provider finally refused to activate it.',
    'Refund the customer and settle the task.',
  ],
  'claim.serial-twice': ['claim', 'none', 'new', 'This card is already on the sale.', 'Scan another card.'],
  'provider.unreachable': [
    'provider',
    'none',
    'same',
    'The provider could not be reached; nothing was sent.',
    'Sell without it, or try again later.',
  ],
  'provider.no-answer': [
    'provider',
    'unknown',
    'same',
    'The provider did not answer in time; the request may have arrived.',
    'Nothing: the till asks again under the same id.',
  ],
  'provider.malformed': [
    'provider',
    'unknown',
    'same',
    'The provider answered something that is no answer.',
    'Nothing: the till asks again under the same id.',
  ],
  'provider.breaker-open': [
    'provider',
    'none',
    'same',
    'The provider failed repeatedly; sales do not wait for it at the moment.',
    'Sell without it; it is probed in the background.',
  ],
  'provider.rejected': [
    'provider',
    'none',
    'never',
    'The provider says that the request itself is wrong.',
    'Check the plugin’s configuration.',
  ],
  'provider.not-found': [
    'provider',
    'none',
    'new',
    'The provider never saw this operation, and will refuse it from now on.',
    'Nothing; a new attempt takes a new id.',
  ],
  'plugin.invalid': [
    'plugin',
    'none',
    'never',
    'The plugin breaks its contract and was not registered.',
    'See `detail`; run `testPlugin` on it.',
  ],
  'plugin.threw': [
    'plugin',
    'none',
    'new',
    'The plugin failed while describing a call; nothing was sent.',
    'Report it to the plugin’s author; `detail` says where.',
  ],
  'plugin.missing': [
    'plugin',
    'none',
    'same',
    'The journal holds work for a plugin that is not registered.',
    'Register the plugin again, or settle the task by hand.',
  ],
  // tenders
  'tender.amount': [
    'tender',
    'none',
    'new',
    'The amount does not fit this sale or this means of payment.',
    'Offer an amount up to what is still open.',
  ],
  'tender.unknown-kind': [
    'tender',
    'none',
    'never',
    'This till has no such means of payment.',
    'Use one that is configured.',
  ],
  'tender.restricted': [
    'tender',
    'none',
    'new',
    'This means of payment may not pay for an article on this sale.',
    'Take another means of payment, or void the line.',
  ],
  'tender.order': [
    'tender',
    'none',
    'new',
    'The card terminal comes last: the amount must be all that is still open.',
    'Take cash and stored value first; a part on another card has to be announced as a split payment.',
  ],
  'tender.pending': [
    'tender',
    'none',
    'same',
    'A payment of this sale is not finished.',
    'Wait for it; the terminal shows what it needs.',
  ],
  'tender.declined': [
    'tender',
    'none',
    'new',
    'The payment was declined.',
    'Ask for another card or another means of payment.',
  ],
  'tender.cancelled': [
    'tender',
    'none',
    'new',
    'The payment was cancelled at the terminal.',
    'Start it again, or take another means of payment.',
  ],
  'tender.unresolved': [
    'tender',
    'unknown',
    'same',
    'It is not known whether the payment was booked; the terminal is being asked.',
    'Wait, or settle the task from the terminal’s own slip. Do not charge again.',
  ],
  'tender.reversal-unresolved': [
    'tender',
    'unknown',
    'same',
    'It is not known whether the terminal took this payment back; until it did, the customer has paid.',
    'Wait, or look for the reversal in the terminal’s own slips and settle the task by it. The payment’s slip proves nothing.',
  ],
  'tender.cash-step': [
    'tender',
    'none',
    'new',
    'Cash in this currency has no such coin.',
    'Enter an amount that coins can make.',
  ],
  'tender.short': [
    'tender',
    'done',
    'never',
    'A hold could not be captured after the sale was paid.',
    'Collect the missing amount or write it off; settle the task.',
  ],
  'tender.books-differ': [
    'tender',
    'unknown',
    'never',
    'The terminal settled another amount than this till has on its books.',
    'Compare the terminal’s slips with the till’s card payments of the day, then settle the task.',
  ],
  'tender.owed': [
    'tender',
    'done',
    'same',
    'A payment of a cancelled sale could not be reversed.',
    'Give the money back by hand and settle the task.',
  ],
  'task.unknown': [
    'register',
    'none',
    'never',
    'There is no open task with this id.',
    'Look at the list of open tasks; somebody may have settled it already.',
  ],
  'task.action': [
    'register',
    'none',
    'new',
    'This task does not have that action.',
    'Choose one of the actions the task lists, and name operator and reason.',
  ],
  'task.needs-config': [
    'register',
    'none',
    'same',
    'This action leads to a new call, and only the till’s plugins can describe it.',
    'Name the till’s configuration with --config, or settle the task in the open till.',
  ],
  // terminal
  'terminal.absent': [
    'terminal',
    'none',
    'same',
    'The payment terminal cannot be reached; nothing was sent.',
    'Check its cable and power, or take cash.',
  ],
  'terminal.busy': [
    'terminal',
    'none',
    'same',
    'The terminal is busy with another transaction.',
    'Wait until it is done.',
  ],
  'terminal.blocked': [
    'terminal',
    'none',
    'same',
    'The terminal’s last payment is unresolved; a new one would destroy the evidence.',
    'Wait until it is resolved, settle its task, or take another means of payment.',
  ],
  'terminal.cannot': [
    'terminal',
    'none',
    'never',
    'This terminal, or its driver, cannot do that.',
    'Look at its `capabilities`; do it at the terminal itself.',
  ],
  'terminal.amount': [
    'terminal',
    'none',
    'new',
    'The amount does not fit the terminal’s field.',
    'Split the payment.',
  ],
  'terminal.refused': [
    'terminal',
    'none',
    'new',
    'The terminal refused the payment.',
    'Follow the terminal’s display.',
  ],
  'terminal.link-lost': [
    'terminal',
    'unknown',
    'same',
    'The link to the terminal broke during the payment.',
    'Nothing: the till asks the terminal what became of it.',
  ],
  'terminal.no-answer': [
    'terminal',
    'unknown',
    'same',
    'The terminal stopped answering.',
    'Nothing: the till asks the terminal what became of it.',
  ],
  'terminal.malformed': [
    'terminal',
    'unknown',
    'same',
    'The terminal sent something that cannot be read.',
    'Nothing: the till asks the terminal what became of it.',
  ],
  'terminal.cannot-tell': [
    'terminal',
    'unknown',
    'never',
    'The terminal’s own record does not tell whether the payment was booked.',
    'Read the terminal’s slip and settle the task.',
  ],
  'terminal.not-booked': [
    'terminal',
    'none',
    'new',
    'The terminal did not book the payment.',
    'Start the payment again.',
  ],
  'terminal.reversed': [
    'terminal',
    'none',
    'new',
    'The terminal reversed the payment.',
    'Start the payment again.',
  ],
  'terminal.signature': [
    'terminal',
    'none',
    'new',
    'The signature was not confirmed, and the terminal took the payment back.',
    'Ask for another card or for cash.',
  ],
  'terminal.signature-not-reversed': [
    'terminal',
    'unknown',
    'never',
    'The signature was not confirmed, and it is not known whether the terminal took the payment back.',
    'Look at the terminal’s last slip: reverse the payment there if it stands, then say here what became of it.',
  ],
  'terminal.rejected-approval': [
    'terminal',
    'unknown',
    'same',
    'The till did not acknowledge the approval, so the terminal reverses it.',
    'Nothing: the till asks the terminal what became of it.',
  ],
  'terminal.aborted-after-approval': [
    'terminal',
    'unknown',
    'same',
    'The terminal approved and then did not complete the payment.',
    'Nothing: the till asks the terminal what became of it.',
  ],
  // printer
  'printer.absent': [
    'printer',
    'none',
    'same',
    'The printer cannot be reached.',
    'Check its cable and power, then print again.',
  ],
  'printer.paper-out': [
    'printer',
    'none',
    'same',
    'The printer has no paper.',
    'Put in a new roll, then print the receipt again; it says COPY only if one may exist already.',
  ],
  'printer.cover-open': [
    'printer',
    'none',
    'same',
    'The printer’s cover is open.',
    'Close it, then print again.',
  ],
  'printer.error': [
    'printer',
    'none',
    'same',
    'The printer reports an error.',
    'Look at the printer; switch it off and on if it asks for it.',
  ],
  'printer.busy': [
    'printer',
    'none',
    'same',
    'The printer has too much work waiting.',
    'Wait until it is done, then print again.',
  ],
  'printer.no-answer': [
    'printer',
    'none',
    'same',
    'The printer took the job but did not say that it printed it.',
    'Look at the paper; print a copy if it is missing.',
  ],
  'printer.unprintable': [
    'printer',
    'none',
    'same',
    'The receipt holds what this printer cannot print: a character that it lacks, or a code or picture that does not fit.',
    'Nothing was printed. Replace what `detail` names; for a character, a code page that has it may be set, too.',
  ],
  'printer.wrong-block': [
    'printer',
    'none',
    'new',
    'The receipt holds a block that is none, or that lacks something.',
    'Nothing was printed. Correct the blocks that `detail` names.',
  ],
  // scanner
  'scanner.garbled': ['scanner', 'none', 'new', 'The scanner sent bytes that are no code.', 'Scan again.'],
  'scanner.cut-off': ['scanner', 'none', 'new', 'A code was cut off in the middle.', 'Scan again.'],
  'scanner.too-long': [
    'scanner',
    'none',
    'new',
    'The scanner sent more than any code can hold.',
    'Check the scanner’s terminator setting.',
  ],
  'scanner.refused': [
    'scanner',
    'none',
    'new',
    'A code was scanned while no scan was expected; it was not taken.',
    'Answer what the till asks, then scan again.',
  ],
  'scanner.payment-card': [
    'scanner',
    'none',
    'new',
    'A payment card was swiped through the till’s own reader. Its data were not taken, and no payment was made.',
    'Use the card at the payment terminal.',
  ],
  'scanner.no-layout': [
    'scanner',
    'none',
    'never',
    'The scanner’s report descriptor cannot be read, or describes no scanner.',
    'Name the scanner’s report layout in the configuration, or switch the scanner to serial or keyboard mode.',
  ],
  // the card reader
  'nfc.not-installed': [
    'nfc',
    'none',
    'never',
    'No package that reads cards could be loaded.',
    'Install what `detail.install` names, then start the till again; everything else works without it.',
  ],
  'nfc.no-service': [
    'nfc',
    'none',
    'same',
    'The smart-card service of this machine does not run.',
    'Start it (Debian: `apt install pcscd`, Windows: the service Smart Card); the till finds it by itself.',
  ],
  'nfc.no-reader': [
    'nfc',
    'none',
    'same',
    'No card reader is plugged in.',
    'Plug it in; the till finds it by itself.',
  ],
  'nfc.reader-lost': [
    'nfc',
    'none',
    'same',
    'The process that reads cards ended or hung, and is started again.',
    'Nothing; hold the card to the reader again. If it returns, update the reader’s driver.',
  ],
  'nfc.mute': [
    'nfc',
    'none',
    'new',
    'A card is there and does not answer, or another program holds it.',
    'Take it away and hold it flat against the reader; close other programs that use the reader.',
  ],
  'nfc.claimed': [
    'nfc',
    'none',
    'same',
    'Another till has the card reader; it is claimed as soon as that till ends.',
    'Close the other till, or give each its own reader by the option `reader`.',
  ],
  'nfc.removed-early': [
    'nfc',
    'none',
    'new',
    'The card was taken away before it was read.',
    'Hold it to the reader a little longer.',
  ],
  'nfc.unreadable': [
    'nfc',
    'none',
    'new',
    'The card’s data is damaged or not of the documented form; only its identity was read.',
    'Hold it again; if that does not help, use the QR code or the number instead.',
  ],
  'nfc.nothing-readable': [
    'nfc',
    'none',
    'new',
    'This card or phone tells nothing by which a customer could be known.',
    'Ask for the QR code or the short number instead.',
  ],
  'nfc.no-card': [
    'nfc',
    'none',
    'new',
    'The card that was meant is not at the reader; nothing was sent.',
    'Hold it to the reader and try again.',
  ],
  'nfc.busy': [
    'nfc',
    'none',
    'new',
    'The card is being spoken to; nothing was sent.',
    'Try again in a moment.',
  ],
  'nfc.no-answer': [
    'nfc',
    'unknown',
    'same',
    'The card was taken away or fell silent in mid-exchange; it may have done what it was told.',
    'Hold it to the reader again and read what it holds before anything is repeated.',
  ],
  // PIN-entry pad
  'pinpad.absent': [
    'pinpad',
    'none',
    'same',
    'The PIN pad cannot be reached; nobody was asked for a PIN.',
    'Check its cable and power, or choose a payment that needs no PIN.',
  ],
  'pinpad.busy': [
    'pinpad',
    'none',
    'same',
    'The PIN pad is busy with another entry.',
    'Wait until it is done, or cancel it.',
  ],
  'pinpad.request': [
    'pinpad',
    'none',
    'new',
    'The PIN pad cannot be asked like this; `detail` names the field.',
    'Correct the field and ask again.',
  ],
  'pinpad.cancelled': [
    'pinpad',
    'none',
    'new',
    'No PIN was entered: the customer cancelled, or the time for it ran out.',
    'Ask the customer again, or choose another payment.',
  ],
  'pinpad.stopped': [
    'pinpad',
    'none',
    'new',
    'The till ended the PIN entry.',
    'Start it again if the payment goes on.',
  ],
  'pinpad.no-key': [
    'pinpad',
    'none',
    'never',
    'The PIN pad has no key for this; after tampering it erases its keys.',
    'Look at the pad for signs of tampering, and have its keys loaded by whoever issued it.',
  ],
  'pinpad.working-key': [
    'pinpad',
    'none',
    'new',
    'The PIN pad does not accept the working key.',
    'Have the host send a new working key for this pad, then ask again.',
  ],
  'pinpad.used-up': [
    'pinpad',
    'none',
    'never',
    'The PIN pad has used up its keys.',
    'Replace the pad, or have new keys loaded.',
  ],
  'pinpad.too-fast': [
    'pinpad',
    'none',
    'new',
    'The PIN pad allows only so many PIN entries in a time.',
    'Wait some minutes, then ask again.',
  ],
  'pinpad.refused': [
    'pinpad',
    'none',
    'new',
    'The PIN pad refused the request; `detail` names its error letter.',
    'Follow the pad’s display; look the letter up in its manual if it comes again.',
  ],
  'pinpad.link-lost': [
    'pinpad',
    'none',
    'new',
    'The link to the PIN pad broke during the entry; a PIN that was typed is lost.',
    'Nothing was charged. Ask the customer to enter the PIN again.',
  ],
  'pinpad.no-answer': [
    'pinpad',
    'none',
    'new',
    'The PIN pad stopped answering.',
    'Nothing was charged. Check the pad, then ask the customer to enter the PIN again.',
  ],
  'pinpad.malformed': [
    'pinpad',
    'none',
    'new',
    'The PIN pad sent something that cannot be read.',
    'Nothing was charged. Ask the customer to enter the PIN again; check the pad’s profile if it comes again.',
  ],
  'pinpad.key-reused': [
    'pinpad',
    'none',
    'never',
    'The PIN pad used the same key twice, or an older one, which a sound pad never does; its answer was thrown away.',
    'Take the pad out of use and have it examined. If its keys were just loaded anew, start the till again.',
  ],
  'pinpad.stale': [
    'pinpad',
    'none',
    'new',
    'The PIN pad answered with the PIN of an earlier entry; the answer was thrown away.',
    'Nothing was charged. Ask the customer to enter the PIN again; take the pad out of use if it comes again.',
  ],
  // transports
  'transport.unreachable': [
    'transport',
    'none',
    'same',
    'The device cannot be reached.',
    'Check address, cable and power.',
  ],
  'transport.timeout': [
    'transport',
    'none',
    'same',
    'The device did not accept the connection in time.',
    'Check address, cable and power.',
  ],
  'transport.closed': [
    'transport',
    'unknown',
    'same',
    'The connection to the device was lost.',
    'The driver reconnects by itself; check the cable if it does not.',
  ],
  'transport.claimed': [
    'transport',
    'none',
    'same',
    'Another program has the device.',
    'End that program (`detail.holder`, where it is known); the driver claims the device as soon as it is free.',
  ],
  'transport.missing-module': [
    'transport',
    'none',
    'never',
    'This kind of connection needs a package that is not installed.',
    'Install the package named in `detail.install`.',
  ],
  'http.not-sent': [
    'http',
    'none',
    'same',
    'The server could not be reached; nothing was sent.',
    'The till tries the next server, or later again.',
  ],
  'http.no-answer': [
    'http',
    'unknown',
    'same',
    'The server did not answer completely; the request may have arrived.',
    'The till asks again under the same id.',
  ],
  // disk and journal
  'disk.failed': [
    'disk',
    'unknown',
    'never',
    'The disk failed.',
    'Stop selling on this till and have its disk looked at.',
  ],
  'disk.full': [
    'disk',
    'none',
    'same',
    'The disk is full.',
    'Free some space; nothing that was acknowledged is lost.',
  ],
  'disk.network-volume': [
    'disk',
    'none',
    'never',
    'The journal directory lies on a network volume, where no lock can be trusted.',
    'Choose a directory on a local disk.',
  ],
  'journal.absent': [
    'journal',
    'none',
    'new',
    'There is no journal in this directory.',
    'Name the till’s own directory: the one that holds the folder “journal”.',
  ],
  'journal.in-use': [
    'journal',
    'none',
    'same',
    'Another process holds this journal.',
    'Close the other till program; two on one journal would sell twice.',
  ],
  'journal.not-writable': [
    'journal',
    'none',
    'same',
    'The journal directory cannot be written.',
    'Correct the rights of the directory, or choose another one.',
  ],
  'journal.damaged': [
    'journal',
    'unknown',
    'never',
    'The journal is damaged in the middle; `detail` names file and offset.',
    'Do not sell on it, and keep the directory as it is: `cashdesk journal verify` shows the place, `cashdesk journal salvage` copies what is whole.',
  ],
  'journal.incomplete': [
    'journal',
    'unknown',
    'never',
    'Steps of this sale, or about this operation, were lost with a damaged journal.',
    'Compare what the till shows with the receipt, the terminal’s journal and the provider, put it right by hand, and settle the task.',
  ],
  'journal.not-empty': [
    'journal',
    'none',
    'new',
    'The directory for the salvaged journal holds files already.',
    'Name a directory that does not exist yet, or an empty one.',
  ],
  'journal.not-ours': [
    'journal',
    'none',
    'never',
    'The directory holds files that are no journal of this version.',
    'Choose an empty directory, or the right one.',
  ],
  'journal.not-archivable': [
    'journal',
    'none',
    'new',
    'This journal cannot be archived as it is. Nothing was changed.',
    '`detail.reason` says why; records of a later release are archived with that release.',
  ],
  'journal.poisoned': [
    'journal',
    'unknown',
    'never',
    'A write to the journal failed: the till takes no more commands and sends nothing more.',
    'Stop selling here and note what the open sale took. Restart the till: what it acknowledged is safe, and it asks what became of the rest. If this comes again, replace the disk.',
  ],
  'journal.too-large': [
    'journal',
    'none',
    'never',
    'A single record exceeds the journal’s limit.',
    'Split the sale.',
  ],
  'journal.overrun': [
    'journal',
    'none',
    'same',
    'More records wait for the disk than the journal holds back.',
    'Wait until the earlier ones are answered, then send it again.',
  ],
  'journal.restored': [
    'journal',
    'none',
    'same',
    'The journal was copied or restored from a backup; only queries are answered.',
    'Make sure that no other till uses the original, then confirm with `cashdesk journal confirm`.',
  ],
  // configuration
  'config.invalid': [
    'config',
    'none',
    'never',
    'The configuration is not valid; `detail` names the place.',
    'Correct it; `cashdesk check FILE` shows every mistake at once.',
  ],
  'config.unreadable': [
    'config',
    'none',
    'same',
    'The configuration file cannot be read.',
    'Check its name and its rights; `detail` names file and reason.',
  ],
  'config.secret': [
    'config',
    'none',
    'never',
    'A secret that the configuration refers to cannot be found.',
    'Set the environment variable or file it names.',
  ],
  // the command
  'cli.usage': [
    'config',
    'none',
    'never',
    'The command line is not of the documented form.',
    'See `cashdesk --help`.',
  ],
  'cli.file': [
    'config',
    'none',
    'same',
    'A file named on the command line cannot be read, or cannot be written.',
    'Check its name, its folder and its rights; `detail` names file and reason.',
  ],
  'cli.failed': [
    'config',
    'unknown',
    'same',
    'The command failed in a way that it has no name for.',
    'Look at what it was doing before it is repeated; `detail` says what was heard.',
  ],
  // host
  'host.port-in-use': [
    'host',
    'none',
    'same',
    'The port is in use by another program.',
    'Choose another port with --port, or stop the other program.',
  ],
  'host.database': [
    'host',
    'none',
    'same',
    'The database cannot be opened or used.',
    'Check DATABASE_URL, or the directory of the embedded database.',
  ],
  'host.in-use': [
    'host',
    'none',
    'same',
    'Another process holds the embedded database’s directory.',
    'Stop the other host, or choose another directory.',
  ],
  'host.bad-request': [
    'host',
    'none',
    'never',
    'The request is not of the documented form.',
    'See the OpenAPI page of the host.',
  ],
  'host.unauthorised': ['host', 'none', 'never', 'User or password is wrong.', 'Correct the credentials.'],
  'host.repeated-differently': [
    'host',
    'none',
    'never',
    'This operation id was used before with other parameters; nothing was done.',
    'Repeat the call exactly, or use a new id for a new intention.',
  ],
  'host.not-found': [
    'host',
    'none',
    'never',
    'The host has no such page, card or operation.',
    'Check the address; the OpenAPI page of the host lists what it answers.',
  ],
  'host.failed': [
    'host',
    'unknown',
    'same',
    'The host failed while working on the request.',
    'Ask again under the same id; see the host’s log.',
  ],
  // simulators
  'sim.usage': [
    'sim',
    'none',
    'never',
    'The simulator was asked for something it does not have.',
    'See `cashdesk sim --help`.',
  ],
  'sim.port-in-use': [
    'sim',
    'none',
    'same',
    'The simulator cannot listen on this port.',
    'Choose another port, or stop the program that uses it.',
  ],
  'sim.missing-program': [
    'sim',
    'none',
    'never',
    'The simulator needs a program that is not installed, or does not start.',
    'Install what `detail.install` names.',
  ],
  'sim.books': [
    'sim',
    'none',
    'never',
    'The simulator’s books cannot be read or written; `detail` names the file.',
    'Choose another file, or move the damaged one away.',
  ],
} as const

export type ErrorCode = keyof typeof TABLE

const entries: readonly (readonly [string, readonly [Locus, MoneyEffect, Retry, string, string]])[] =
  Object.entries(TABLE)

/** The table, by code. */
export const ERRORS: { readonly [code in ErrorCode]: ErrorEntry } = Object.fromEntries(
  entries.map(([code, [locus, outcome, retry, message, next]]) => [
    code,
    { locus, outcome, retry, message, next },
  ]),
) as { [code in ErrorCode]: ErrorEntry }

/** What may be said beside the code. Never a secret. */
export type ErrorDetail = { readonly [name: string]: string | number | boolean | null | readonly string[] }

/** An error as plain JSON: crosses the sdk's surface, is journaled, shown and printed. */
export interface ErrorReport {
  readonly code: ErrorCode
  readonly message: string
  readonly outcome: MoneyEffect
  readonly retry: Retry
  readonly next: string
  readonly detail?: ErrorDetail
}

const MONEY: { readonly [effect in MoneyEffect]: string } = {
  none: 'No money moved because of it.',
  done: 'The money has moved.',
  unknown: 'What it means for the money is not known yet.',
}

/** The report for `code`, with the particulars of this case. */
export function report(code: ErrorCode, detail?: ErrorDetail): ErrorReport {
  const { message, outcome, retry, next } = ERRORS[code]
  return detail === undefined
    ? { code, message, outcome, retry, next }
    : { code, message, outcome, retry, next, detail }
}

/** What happened, what it means for the money, what to do now: three sentences for a person. */
export function explain(error: ErrorReport): string {
  return `${error.message} ${MONEY[error.outcome]} ${error.next}`
}

/** The only error this house throws. */
export class CashdeskError extends Error {
  override readonly name = 'CashdeskError'
  readonly code: ErrorCode
  readonly detail: ErrorDetail | undefined

  constructor(code: ErrorCode, detail?: ErrorDetail, options?: { readonly cause?: unknown }) {
    super(`${code}: ${explain(report(code, detail))}${detail ? ` ${JSON.stringify(detail)}` : ''}`, options)
    this.code = code
    this.detail = detail
  }

  get report(): ErrorReport {
    return report(this.code, this.detail)
  }
}

/** The report of anything that was thrown; what is not ours becomes `fallback` with its message as detail. */
export function reportOf(thrown: unknown, fallback: ErrorCode): ErrorReport {
  if (thrown instanceof CashdeskError) return thrown.report
  return report(fallback, { reason: thrown instanceof Error ? thrown.message : String(thrown) })
}
