// One subject for each family of devices: how it is opened, and what it is asked to do. Nothing costs money, paper or a
// person's time but where the wishes say so.
import { randomBytes } from 'node:crypto'
import type {
  Clock,
  Device,
  DeviceHealth,
  DevicePorts,
  NfcReader,
  OperationId,
  PaymentHooks,
  Pinpad,
  Printer,
  Scanner,
  Tap,
  Terminal,
} from '@cashdesk/kernel'
import { hex, newId, text } from '@cashdesk/kernel'
import type { Subject } from './conformance.ts'

/** What may be asked of devices and people. */
export interface Wishes {
  readonly print?: boolean
  readonly payMinor: number | undefined
  readonly unplug?: boolean
  readonly scan?: boolean
  readonly tap?: boolean
  readonly pin?: boolean
  readonly readyMs?: number
  readonly tell: (line: string) => void
}

/** How long a person may take to scan, tap, pull or plug something. */
const PERSON_MS = 60_000
const LOOK_MS = 20
/** GET DATA for the number of a contactless card (PC/SC part 3). */
const GET_UID = Uint8Array.of(0xff, 0xca, 0x00, 0x00, 0x00)
/** Nobody's account: the digits typed are bound to it, and nothing is done with the block. */
const ACCOUNT = '9999999999999999'

export function scannerSubject(scanner: Scanner, other: Scanner | undefined, wishes: Wishes): Subject {
  let scans = 0
  const open = (device: Scanner, changed: (health: DeviceHealth) => void): Promise<void> =>
    device.open({
      ...portsWith(changed),
      scanned: () => {
        scans += 1
      },
      discarded: () => undefined,
    })
  const works = once(async () => {
    const before = scans
    wishes.tell(`    Scan any code with ${scanner.name} now …`)
    return (await until(() => scans > before, PERSON_MS)) ? undefined : 'no code arrived'
  })
  return {
    ...base(scanner, wishes),
    open: changed => open(scanner, changed),
    ...(wishes.scan === true ? { works } : {}),
    ...(other === undefined ? {} : { second: { device: other, open: () => open(other, () => undefined) } }),
  }
}

export function printerSubject(printer: Printer, other: Printer | undefined, wishes: Wishes): Subject {
  const works = async (): Promise<string | undefined> => {
    const blocks = [text('Cashdesk: test of the printer')]
    const job = {
      op: operation(),
      document: { kind: 'report', locale: 'en-GB', blocks },
      copy: false,
    } as const
    const outcome = wishes.print === true ? await printer.print(job) : await printer.status()
    return outcome.outcome === 'done' ? undefined : `is ${outcome.outcome} (${outcome.error.code})`
  }
  return {
    ...base(printer, wishes),
    open: changed => printer.open(portsWith(changed)),
    works,
    ...(other === undefined
      ? {}
      : { second: { device: other, open: () => other.open(portsWith(() => undefined)) } }),
  }
}

export function terminalSubject(
  terminal: Terminal,
  currency: string,
  { payMinor, ...wishes }: Wishes,
): Subject {
  const works = once(async () => {
    if (payMinor === undefined) return undefined
    const order = { amountMinor: payMinor, currency }
    const hooks: PaymentHooks = { onApproval: async () => 'accept', onPrint: async () => undefined }
    wishes.tell(`    Pay ${payMinor} minor units (${currency}) at ${terminal.name} now …`)
    const paid = await terminal.pay({ op: operation(), ...order }, hooks)
    if (paid.outcome === 'unknown')
      return `what became of the payment is not known (${paid.error.code}): look at the terminal’s own slip, and reverse it there if it was booked`
    if (paid.outcome === 'refused') return `the payment is refused (${paid.error.code})`
    const back = await terminal.reverse({ op: operation(), ...order }, paid.data, hooks)
    if (back.outcome === 'done') return undefined
    const trace = paid.data.trace === undefined ? '' : `, trace ${paid.data.trace}`
    return `the payment was booked, and its reversal is ${back.outcome} (${back.error.code}): reverse it at the terminal${trace}`
  })
  return {
    ...base(terminal, { payMinor, ...wishes }),
    open: changed => terminal.open(portsWith(changed)),
    ...(payMinor === undefined ? {} : { works }),
  }
}

/** A PC/SC service takes any number of programs: no second one is refused. */
export function nfcSubject(reader: NfcReader, wishes: Wishes): Subject {
  let last: Tap | undefined
  const works = once(async () => {
    last = undefined
    wishes.tell(`    Hold a card to ${reader.name} now, and leave it there …`)
    await until(() => last !== undefined, PERSON_MS)
    return last === undefined ? 'no card was told' : await spokenTo(reader, last)
  })
  return {
    ...base(reader, wishes),
    open: changed =>
      reader.open({
        ...portsWith(changed),
        tapped: tap => {
          last = tap
        },
        removed: () => undefined,
        discarded: () => undefined,
      }),
    ...(wishes.tap === true ? { works } : {}),
  }
}

/** A card that told its number tells it again, where it is no made-up one. */
async function spokenTo(reader: NfcReader, { card, uid }: Tap): Promise<string | undefined> {
  if (uid === undefined) return undefined
  const answer = await reader.exchange([GET_UID], { card })
  if (answer.outcome !== 'done')
    return `the card was read, and a command to it is ${answer.outcome} (${answer.error.code})`
  const told = hex(answer.data[0] ?? new Uint8Array(0)).toUpperCase()
  if (told.endsWith('9000') && (uid.origin === 'random' || told === `${uid.hex}9000`)) return undefined
  return 'the card tells another number when it is asked again'
}

/** Without `--pin` a text is shown: a whole exchange with the pad that asks nobody for anything. */
export function pinpadSubject(pad: Pinpad, other: Pinpad | undefined, wishes: Wishes): Subject {
  const shown = async (): Promise<string | undefined> => {
    const outcome = await pad.show('CASHDESK TEST')
    return outcome.outcome === 'done'
      ? undefined
      : `showing a text is ${outcome.outcome} (${outcome.error.code})`
  }
  const entered = once(async () => {
    wishes.tell(`    Type any four digits that are nobody’s PIN at ${pad.name} now, and press enter …`)
    const request = { op: operation(), account: ACCOUNT, key: { scheme: 'dukpt' } } as const
    const outcome = await pad.enterPin(request)
    if (outcome.outcome !== 'done') return `the entry is ${outcome.outcome} (${outcome.error.code})`
    return outcome.data.ksnHex === undefined ? 'the block names no key' : undefined
  })
  return {
    ...base(pad, wishes),
    open: changed => pad.open(portsWith(changed)),
    works: async () => (await shown()) ?? (wishes.pin === true ? await entered() : undefined),
    ...(other === undefined
      ? {}
      : { second: { device: other, open: () => other.open(portsWith(() => undefined)) } }),
  }
}

const CLOCK: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  },
}

// ── what they share ─────────────────────────────────────────────────────────────────────────────────────

function base(
  device: Device,
  { unplug, readyMs, tell }: Wishes,
): Pick<Subject, 'device' | 'clock' | 'until' | 'cable' | 'readyMs'> {
  const waiting = async (state: 'absent' | 'ready', words: string): Promise<void> => {
    tell(`    ${words} ${device.family} ${device.name} now …`)
    await until(() => device.health().state === state, PERSON_MS)
  }
  const cable = {
    unplug: () => waiting('absent', 'Pull the plug of'),
    plug: () => waiting('ready', 'Plug in again'),
  }
  return {
    device,
    clock: CLOCK,
    until,
    ...(unplug === true ? { cable } : {}),
    ...(readyMs === undefined ? {} : { readyMs }),
  }
}

async function until(done: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs
  while (!done() && performance.now() < endMs) await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  return done()
}

function portsWith(healthChanged: (health: DeviceHealth) => void): DevicePorts {
  return {
    clock: CLOCK,
    random: { bytes: length => randomBytes(length) },
    log: () => undefined,
    healthChanged,
  }
}

/** What costs a person's time or money is done at the first check that asks for it, and not again. */
function once(work: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let first = true
  return async () => {
    if (!first) return undefined
    first = false
    return await work()
  }
}

function operation(): OperationId {
  const nonce = randomBytes(16).toString('hex')
  // As the sdk names its own: what `newId` answers is an operation's id.
  return newId({ at: Date.now(), nonce }, 0) as OperationId
}
