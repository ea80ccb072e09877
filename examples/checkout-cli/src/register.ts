// The register: the program that embeds the SDK. It knows the till and its devices and nothing else; cashier and
// customer are played by another process, and whoever kills this one kills the till.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { CashdeskError, reportOf } from '@cashdesk/kernel'
import { activation } from '@cashdesk/plugin-activation'
import { epson48, tcpPrinter } from '@cashdesk/printer'
import { tcpScanner } from '@cashdesk/scanner'
import { openTill, parseCommand, type SaleHandle, type SaleView, secret, type Till } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { articleOf } from './catalog.ts'
import type { Answer, CallName, Given, Reply, Request } from './protocol.ts'

/** How long a simulated device may take to be there before the first sale. */
const DEVICES_READY_MS = 10_000

const HERE = '127.0.0.1'

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '.' },
    host: { type: 'string', default: 'http://127.0.0.1:8440' },
    terminal: { type: 'string', default: '20007' },
    printer: { type: 'string', default: '9100' },
    scanner: { type: 'string', default: '9101' },
  },
})

const till: Till = await openTill({
  dir: values.dir,
  lane: '0412-07',
  currency: 'EUR',
  locale: 'en-GB',
  header: ['Corner Shop', 'Main Street 1, Bad Example', 'example register, simulated hardware'],
  catalog: articleOf,
  scanner: tcpScanner({ name: 'scanner', host: HERE, port: Number(values.scanner) }),
  // What this terminal shows after it reversed by itself is known; of a real one the vendor has to be asked.
  terminal: zvtTerminal({
    host: HERE,
    port: Number(values.terminal),
    profile: { afterAutoReversal: 'reversal' },
  }),
  printer: tcpPrinter({ name: 'printer', profile: epson48, host: HERE, port: Number(values.printer) }),
  plugins: [
    activation({
      user: secret('env:CONTENTCARD_USER'),
      password: secret('env:CONTENTCARD_PASS'),
      cspid: '4711',
      reservationServers: [values.host],
      activationServers: [values.host],
    }),
  ],
}).catch(cannotStart)

function cannotStart(thrown: unknown): never {
  process.stderr.write(`${thrown instanceof CashdeskError ? thrown.message : String(thrown)}\n`)
  process.exit(2)
}

/** Written at once and to the end, so that what was said is out even if the next instant never comes. */
function say(reply: Reply): void {
  const bytes = Buffer.from(`${JSON.stringify(reply)}\n`)
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
}

// ── what happens on a sale ──────────────────────────────────────────────────────────────────────────────

const followed = new Map<string, SaleHandle>()
let standStillAtApproval = false

function follow(sale: SaleHandle): SaleHandle {
  const known = followed.get(sale.id)
  if (known) return known
  followed.set(sale.id, sale)
  sale.on('changed', view => {
    say({ event: 'changed', sale: sale.id, view, records: till.journal.records })
    if (view.state === 'closed' || view.state === 'cancelled') followed.delete(sale.id)
    if (standStillAtApproval && isApproved(view)) standStill(sale.id)
  })
  sale.on('prompt', prompt => say({ event: 'prompt', sale: sale.id, prompt }))
  sale.on('refused', error => say({ event: 'refused', sale: sale.id, error }))
  sale.on('message', text => say({ event: 'message', sale: sale.id, text }))
  return sale
}

function isApproved(view: SaleView): boolean {
  return view.payments.some(payment => payment.state === 'approved')
}

/**
 * The approval is synced, and the driver acknowledges it as soon as this listener returns: it never does. The process
 * does nothing more, exactly as if it were killed at this instant, until somebody kills it.
 */
function standStill(sale: string): never {
  say({ event: 'standing-still', sale })
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))
  for (;;) Atomics.wait(nobodyWakes, 0, 0)
}

// ── what is asked of it ─────────────────────────────────────────────────────────────────────────────────

const handlers: {
  readonly [name in CallName]: (given: Given<name>) => Answer<name> | Promise<Answer<name>>
} = {
  open: async ({ sale, operator }) => follow(await till.sale({ id: sale, operator })).view(),
  answer: async ({ sale, prompt, value }) => {
    await of(sale).answer(prompt, value)
    return of(sale).view()
  },
  voidLine: async ({ sale, line }) => {
    await of(sale).voidLine(line)
    return of(sale).view()
  },
  reopen: async ({ sale }) => {
    await of(sale).reopen()
    return of(sale).view()
  },
  pay: ({ sale, ...payment }) => of(sale).pay({ ...payment, amount: 'rest' }),
  payment: ({ sale, id }) => of(sale).payment(id),
  cancel: ({ sale, reason }) => of(sale).cancel(reason),
  finish: ({ sale }) => of(sale).finish(),
  print: ({ sale }) => of(sale).print(),
  view: ({ sale }) => of(sale).view(),
  idle: ({ timeoutMs }) => till.idle({ timeoutMs }),
  standing: () => ({
    recovered: till.recovered,
    unfinished: till.unfinished(),
    tasks: till.tasks(),
    devices: till.devices(),
    journal: { dir: till.journal.dir, records: till.journal.records },
  }),
  endOfDay: () => till.endOfDay(),
  resolve: async given => {
    await till.resolve(parseCommand('resolve', { type: 'resolve', ...given }))
    return till.tasks()
  },
  standStill: () => {
    standStillAtApproval = true
    return true
  },
}

function of(sale: string): SaleHandle {
  return follow(till.find(sale))
}

async function answered<Name extends CallName>(request: Request<Name>): Promise<void> {
  const { id, call, given } = request
  try {
    say({ id, answer: await handlers[call](given) })
  } catch (thrown) {
    say({ id, error: reportOf(thrown, 'register.closed') })
  }
}

// ── its life ────────────────────────────────────────────────────────────────────────────────────────────

till.on('refused', error => say({ event: 'refused', error }))
await devicesReady()
writeSync(1, `${JSON.stringify({ register: 'ready' })}\n`)

createInterface({ input: process.stdin })
  // Boundary: the other end is started together with this one, and speaks the types of protocol.ts.
  .on('line', line => void answered(JSON.parse(line) as Request))
  .on('close', () => void till.close().then(() => process.exit(0)))

/** A register may sell without a device; this one waits, so that its first scan is heard. */
function devicesReady(): Promise<void> {
  const ready = (): boolean => till.devices().every(device => device.state === 'ready')
  if (ready()) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(done, DEVICES_READY_MS)
    const stop = till.on('health', () => {
      if (ready()) done()
    })
  })
}
