// The accidents and customers of the simulated terminal by name: what the keys, the HTTP control and scripts switch.
import type { SimAccident } from '../switches.ts'
import { CARDS } from './cards.ts'

export type AccidentName =
  | 'approve'
  | 'decline'
  | 'partial'
  | 'slow'
  | 'card-wait'
  | 'lose-link-before-status'
  | 'lose-link-after-status'
  | 'lose-link-between-prints'
  | 'lose-link-after-ack'
  | 'no-answer'
  | 'refuse-connections'
  | 'garble'
  | 'abort-by-customer'
  | 'card-removed'
  | 'wrong-pin'
  | 'signature'
  | 'contactless'
  | 'tip'
  | 'foreign-currency'
  | 'ask-tip'
  | 'ask-age'
  | 'ask-signature'

/** Switched on it stays, whereas played it strikes once; any other behaviour takes its place. */
const STAYS = { on: { mode: 'always' }, off: { name: 'approve' } } as const

export const TERMINAL_ACCIDENTS: readonly (SimAccident & { readonly name: AccidentName })[] = [
  { name: 'approve', text: 'nothing happens: every payment is approved (default)', key: 'a' },
  {
    name: 'decline',
    text: 'the host declines {code: result code, default 5}',
    key: 'd',
    value: { name: 'code', type: 'number' },
    ...STAYS,
  },
  {
    name: 'partial',
    text: 'only a part is approved {amountMinor}',
    key: 'p',
    value: { name: 'amountMinor', type: 'number' },
    preset: { amountMinor: 500 },
    ...STAYS,
  },
  {
    name: 'slow',
    text: 'the host takes long {ms}',
    key: 's',
    value: { name: 'ms', type: 'number' },
    preset: { ms: 10_000 },
    ...STAYS,
  },
  {
    name: 'card-wait',
    text: 'the customer looks for the card {ms}; 06 B0 aborts meanwhile',
    key: 'w',
    value: { name: 'ms', type: 'number' },
    preset: { ms: 10_000 },
    ...STAYS,
  },
  {
    name: 'lose-link-before-status',
    text: 'link cut when approved, before 04 0F {refuseMs}: reversed',
    key: '1',
    value: { name: 'refuseMs', type: 'number' },
    ...STAYS,
  },
  {
    name: 'lose-link-after-status',
    text: 'link cut after 04 0F, answer unread {refuseMs}: reversed',
    key: '2',
    value: { name: 'refuseMs', type: 'number' },
    ...STAYS,
  },
  {
    name: 'lose-link-between-prints',
    text: 'link cut after the first print command {refuseMs}: reversed',
    key: '3',
    value: { name: 'refuseMs', type: 'number' },
    ...STAYS,
  },
  {
    name: 'lose-link-after-ack',
    text: 'link cut when all is acknowledged, before 06 0F {refuseMs}: booked',
    key: '4',
    value: { name: 'refuseMs', type: 'number' },
    ...STAYS,
  },
  {
    name: 'no-answer',
    text: 'silent on a living link {when: command | status | completion}',
    key: 'n',
    value: { name: 'when', type: 'text' },
    ...STAYS,
  },
  {
    name: 'refuse-connections',
    text: 'nobody can connect, for {ms} or until another behaviour is set',
    key: 'r',
    value: { name: 'ms', type: 'number' },
    off: { name: 'approve' },
  },
  {
    name: 'garble',
    text: 'unreadable bytes in place of 04 0F {what: fields | frame}',
    key: 'g',
    value: { name: 'what', type: 'text' },
    ...STAYS,
  },
  { name: 'abort-by-customer', text: 'the customer presses the red key', key: 'c', ...STAYS },
  {
    name: 'card-removed',
    text: 'the customer pulls the card out before the host was asked (06 1E 66)',
    key: 'x',
    ...STAYS,
  },
  {
    name: 'wrong-pin',
    text: 'the customer mistypes the PIN {times: 1}; the third time the payment is declined (06 1E 4B)',
    key: 'i',
    value: { name: 'times', type: 'number' },
    ...STAYS,
  },
  {
    name: 'signature',
    text: 'the card wants a signature: 1F10 = 01 in 04 0F, and a line for it on the slip',
    key: 'u',
    ...STAYS,
  },
  { name: 'contactless', text: 'a card held to the reader, without PIN: 1F12 = 02', key: 'l', ...STAYS },
  {
    name: 'tip',
    text: 'the customer adds a tip {amountMinor: 100}: 04 0F has the sum, and the tip in 1F36',
    key: 't',
    value: { name: 'amountMinor', type: 'number' },
    ...STAYS,
  },
  {
    name: 'foreign-currency',
    text: 'the card is foreign, its owner chooses {choice: accept | decline} to pay in {currency: USD | GBP | CHF | JPY} (DCC, E2)',
    key: 'f',
    value: { name: 'currency', type: 'text' },
    ...STAYS,
  },
  {
    name: 'ask-tip',
    text: 'asks the register for the tip (04 0D), where it takes such questions (tag 26)',
    key: 'm',
    ...STAYS,
  },
  {
    name: 'ask-age',
    text: 'asks the register whether the customer is 18 (04 0E), where it takes such questions (tag 26)',
    key: 'j',
    ...STAYS,
  },
  {
    name: 'ask-signature',
    text: 'shows the register a drawn signature to confirm (06 D0), in {times: 1} messages, where it takes such questions',
    key: 'k',
    value: { name: 'times', type: 'number' },
    ...STAYS,
  },
]

/** What happens at once, in the middle of a payment, too. */
export const TERMINAL_MOMENTS: readonly SimAccident[] = [
  {
    name: 'card',
    text: `the customer holds out another {card: ${Object.keys(CARDS).join(', ')}}`,
    value: { name: 'card', type: 'text' },
  },
  {
    name: 'age',
    text: 'the customer is {years} old: what 06 C0 tells of a girocard (1F6B)',
    value: { name: 'years', type: 'number' },
    preset: { years: 17 },
  },
  { name: 'cut-link', text: 'the link breaks at once', key: '0' },
  {
    name: 'power-cycle',
    text: 'off and, after {offMs}, on: what waits for the register is reversed, the registration is gone',
    key: 'o',
    value: { name: 'offMs', type: 'number' },
  },
  {
    name: 'needs',
    text: 'takes no money before it got {what: end-of-day | diagnosis | initialisation | clock | nothing}; 05 01 says which',
    key: 'e',
    value: { name: 'what', type: 'text' },
    preset: { what: 'end-of-day' },
    off: { name: 'needs', args: { what: 'nothing' } },
  },
]
