// Accidents of a shop. Each is switched on where it happens: at the host, at a device, or by killing a process. The
// till is told nothing; what it makes of them is the point.
import type { Counter } from './counter.ts'

/** The sale it happens to. */
export interface Scene {
  readonly counter: Counter
  readonly sale: string
  readonly serial: string
}

/** When the register's process is killed: as soon as it has said that this is durable. */
export type KilledAt = 'approved' | 'paid'

export interface Accident {
  readonly name: string
  /** What happens. */
  readonly happens: string
  /** What the till does about it. */
  readonly till: string
  /** How it ends. */
  readonly ends: string
  /** Where the killed register is left to the next run: what that will do. */
  readonly nextRun?: string
  /** What has become of the ContentCard when it has ended. */
  readonly card: 'sold' | 'follows' | 'not sold'
  readonly killedAt?: KilledAt
  /** It needs a payment by card to happen in. */
  readonly byCard?: true
  readonly beforeSerial?: (scene: Scene) => Promise<void>
  readonly beforePayment?: (scene: Scene) => Promise<void>
  /** The sale is closed. */
  readonly afterSale?: (scene: Scene) => Promise<void>
  /** After a declined or undone payment the customer takes out cash, or tries the card again. */
  readonly thenPays?: 'cash' | 'card'
}

const ACTIVATE = 2

export const ACCIDENTS: readonly Accident[] = [
  {
    name: 'host-down-at-reserve',
    happens: 'the host dies before the card’s serial is scanned',
    till: 'Nothing can be sent, so it refuses that line at once, and that line alone.',
    ends: 'The sale closes without the card. Nothing stays reserved.',
    card: 'not sold',
    beforeSerial: async ({ counter }) => await counter.shop.killHost(),
    afterSale: async ({ counter }) => {
      counter.story.say('The host is up again')
      await counter.shop.startHost()
    },
  },
  {
    name: 'host-down-at-commit',
    happens: 'the host dies while the customer pays',
    till: 'It takes the payment, closes the sale, says “activation follows” on the receipt, and keeps the activation in its outbox.',
    ends: 'The sale is closed. The next run with the same --dir activates the card.',
    card: 'follows',
    beforePayment: async ({ counter }) => await counter.shop.killHost(),
  },
  {
    name: 'answer-lost-at-commit',
    happens: 'the host activates the card, and its answer is lost',
    till: 'It does not guess: it asks again under the same operation id, and gets the same answer.',
    ends: 'The sale is closed. The card was activated once.',
    card: 'sold',
    beforePayment: async ({ counter }) =>
      await counter.shop.host.misbehave({ name: 'drop-answer', once: true, match: { action: ACTIVATE } }),
  },
  {
    name: 'card-already-active',
    happens: 'somebody has activated the card elsewhere',
    till: 'The reservation is refused, so the line is refused at the scan.',
    ends: 'The sale closes without the card.',
    card: 'not sold',
    beforeSerial: async ({ counter, serial }) => await counter.shop.host.activate(serial),
  },
  {
    name: 'payment-declined',
    happens: 'the customer’s bank declines the card',
    till: 'It goes back to tendering; the reservation stands.',
    ends: 'Paid in cash. The sale is closed and the card active.',
    card: 'sold',
    byCard: true,
    beforePayment: async ({ counter }) => await counter.shop.terminal.happens('decline'),
    thenPays: 'cash',
  },
  {
    name: 'payment-answer-lost-booked',
    happens: 'the line to the terminal breaks when the payment is booked, before the till hears it',
    till: 'The payment is unknown, so it asks the terminal for its last transaction and finds the payment there.',
    ends: 'The sale is closed. The customer is charged once.',
    card: 'sold',
    byCard: true,
    beforePayment: async ({ counter }) => await counter.shop.terminal.happens('lose-link-after-ack'),
  },
  {
    name: 'payment-answer-lost-unbooked',
    happens:
      'the line to the terminal breaks before the till’s acknowledgement arrives; the terminal reverses',
    till: 'The payment is unknown, so it asks the terminal, finds it reversed, and goes back to tendering.',
    ends: 'The customer pays again and is charged once. The sale is closed.',
    card: 'sold',
    byCard: true,
    beforePayment: async ({ counter }) => await counter.shop.terminal.happens('lose-link-after-status'),
    thenPays: 'card',
  },
  {
    name: 'printer-out-of-paper',
    happens: 'the printer has no paper',
    till: 'It closes the sale and activates the card all the same; the receipt waits.',
    ends: 'With a new roll the receipt is printed. Money and card were never touched by it.',
    card: 'sold',
    beforePayment: async ({ counter }) => await counter.shop.printer.happens('paper-out'),
    afterSale: async ({ counter }) => {
      counter.story.say('Somebody puts in a new roll of paper')
      await counter.shop.printer.happens('paper-in')
    },
  },
  {
    name: 'kill-after-payment',
    happens: 'the register is killed (SIGKILL) between the payment and the activation',
    till: 'The payment is in its journal. When it starts again it activates the card, prints the receipt and closes the sale.',
    ends: 'The sale is closed, charged once, and the card active, without anybody doing anything.',
    nextRun:
      'The sale is paid and its card still reserved. The next run with the same --dir activates the card, prints the receipt and closes the sale; the customer is not charged again.',
    card: 'sold',
    byCard: true,
    killedAt: 'paid',
    // No request to activate gets through before the register is dead: the instant is hit for certain.
    beforePayment: async ({ counter }) =>
      await counter.shop.host.misbehave({ name: 'drop-request', match: { action: ACTIVATE } }),
  },
  {
    name: 'kill-before-ack',
    happens:
      'the register is killed (SIGKILL) after it wrote down the approval and before it acknowledged it',
    till: 'The terminal reverses. When the till starts again it asks, finds that nothing was booked, and counts nothing as paid.',
    ends: 'The sale is cancelled and its card released; the customer was not charged. The next sale is as any other.',
    nextRun:
      'The customer was not charged, and the card is still reserved. The next run with the same --dir asks the terminal; with --auto it cancels the sale and releases the card.',
    card: 'sold',
    byCard: true,
    killedAt: 'approved',
    beforePayment: async ({ counter }) =>
      void (await counter.register.call('standStill', { at: 'approved' })),
  },
]

export function accidentNamed(name: string): Accident | undefined {
  return ACCIDENTS.find(accident => accident.name === name)
}

/** How it ended, or, with a register that is still dead, what will become of the sale. */
export function endOf({ ends, nextRun = ends }: Accident, killed: boolean): string {
  return killed ? nextRun : ends
}

/** For --help and `--fault list`. */
export function listOfAccidents(): string {
  return ACCIDENTS.map(({ name, happens }) => `  ${name.padEnd(30)}${happens}`).join('\n')
}
