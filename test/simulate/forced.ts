// Was this task forced by what happened, or does the till hide behind a person? Judged by the books and by the accidents
// that were played, never by what the till says about it.
import type { TaskView } from '@cashdesk/sdk'
import type { Person } from './person.ts'
import { ELSEWHERE } from './providers.ts'
import type { Customer } from './purse.ts'
import { type AccidentKind, CRASHES } from './schedule.ts'

const ANY_CRASH: readonly AccidentKind[] = [...CRASHES, 'disk-error']

/** What may leave a payment in doubt. */
const DOUBTFUL_AT_TERMINAL: readonly AccidentKind[] = [
  'link-cut-before-040F',
  'link-cut-after-040F',
  'link-cut-between-prints',
  'link-cut-after-ack',
  'terminal-silent',
  'terminal-garbles',
  'terminal-overstates',
  'terminal-unplugged',
  'aborts-payment',
  'stream-cut',
  'stream-refused',
  'stream-delayed',
]

const DOUBTFUL_PAYMENT: readonly AccidentKind[] = [...ANY_CRASH, ...DOUBTFUL_AT_TERMINAL]

/** A wrong card is found out at once, but for one that was sold while nobody could be asked. */
const MISREAD = ['unknown-serial', 'wrong-article']

/** Why nothing forced it; undefined when something did. */
export function isForced(person: Person, task: TaskView): string | undefined {
  const { world, oracle, devices } = person
  const struck = (kinds: readonly AccidentKind[]): boolean =>
    world.schedule.struck.some(({ kind }) => kinds.includes(kind)) || kinds.some(kind => devices.struck(kind))
  const customer = task.sale === undefined ? undefined : oracle.customerOf(task.sale)
  switch (task.kind) {
    case 'payment-unresolved':
    case 'reversal-unresolved':
      return !customer || devices.isDoubtful(customer, DOUBTFUL_AT_TERMINAL)
        ? undefined
        : 'nothing happened that leaves a payment in doubt'
    case 'refund-due': {
      // The provider refused for good; and it had a reason that the till did not give it.
      const refused = [...world.host.store.books.operations.values()].filter(
        ({ kind, state, serial }) =>
          // What was sold offline is refused when it is reserved at last.
          (kind === 'activate' || (kind === 'reserve' && world.plan.deferral !== undefined)) &&
          state === 'refused' &&
          customer?.serials.has(serial),
      )
      const reasons = refused.map(({ answer }) => answer?.reason)
      const excused = reasons.some(reason =>
        ['taken', 'already-active', 'not-allowed', ...MISREAD].includes(reason ?? ''),
      )
      // A reservation that was never heard of ran out, and somebody else has the card: no operation of ours is refused then.
      const isTaken = [...(customer?.serials ?? [])].some(serial => world.activatedBy(serial) === ELSEWHERE)
      return excused || isTaken || customer?.owner === 'register'
        ? undefined
        : `the provider refused nothing (${reasons.join(' ')})`
    }
    case 'tender-short':
    case 'provider-stuck':
      return sinceOpened(person, customer, [
        'provider-refuses',
        'outage-short',
        'outage-of-days',
        'card-taken-by-another',
      ])
        ? undefined
        : 'no provider refused or was away'
    case 'customer-owed':
      return !customer ||
        devices.mayOwe(customer, [...DOUBTFUL_AT_TERMINAL, 'terminal-declines', 'customer-aborts'])
        ? undefined
        : 'the terminal refused nothing'
    case 'void-refused':
      return sinceOpened(person, customer, ['provider-refuses', 'outage-of-days'])
        ? undefined
        : 'the provider refused no void'
    case 'books-differ':
      return struck(DOUBTFUL_PAYMENT) ? undefined : 'both books had every chance to agree'
  }
}

/** Whether the till died, a provider was away, or one of these struck since this customer's sale was opened. */
function sinceOpened(
  { world }: Person,
  customer: Customer | undefined,
  kinds: readonly AccidentKind[],
): boolean {
  if (!customer) return true
  const { struck, crashes, isProviderAway } = customer.before
  if (isProviderAway || world.tally.crashes > crashes) return true
  return world.schedule.struck.slice(struck).some(({ kind }) => kinds.includes(kind))
}
