// The register's process: a real till on real files and sockets, played by a cashier, and killed by itself at a chosen
// boundary or by its supervisor at any time. It is told what to do on stdin and says what it sees on stdout.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { nodeDisk } from '@cashdesk/journal'
import { CashdeskError } from '@cashdesk/kernel'
import { activation, PROFILES } from '@cashdesk/plugin-activation'
import { epson48, tcpPrinter } from '@cashdesk/printer'
import { openTill, type Till } from '@cashdesk/sdk'
import { zvtTerminal } from '@cashdesk/terminal'
import { Boundaries, boundedDisk } from './boundaries.ts'
import { Cashier } from './cashier.ts'
import { goodOf } from './goods.ts'
import { OwnBooks } from './own-books.ts'
import type { Happening, Order, Place, Said } from './protocol.ts'
import { SCENARIOS } from './scenarios.ts'

const HERE = '127.0.0.1'
const PROFILE = PROFILES['cashdesk-1']
/** The published exchange, with the patience of a test: all waiting is the network's own. */
const QUICK = {
  ...PROFILE,
  patience: {
    ...PROFILE.patience,
    retry: { firstMs: 30, factor: 1.5, maxMs: 200, jitter: 0.3 },
    breaker: { failures: 5, coolMs: 50 },
  },
}
/** A segment for two or three sales; a snapshot after each. */
const SMALL = { segmentBytes: 65_536, snapshotEvery: 15 }
/** How often a terminal that is still busy is asked again. */
const ASK_AGAIN_MS = 40

const boundaries = new Boundaries((boundary, kind) => {
  say({ said: 'dying', boundary, kind })
  process.kill(process.pid, 'SIGKILL')
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(nobodyWakes, 0, 0)
})

let till: Till | undefined
let own: OwnBooks | undefined
let lastHappening = 0
const happenings = new Map<number, () => void>()

// Ctrl-C is for the supervisor, who ends what is under way in good order.
process.on('SIGINT', () => undefined)
createInterface({ input: process.stdin })
  // Boundary: the supervisor speaks the types of protocol.ts.
  .on('line', line => void obey(JSON.parse(line) as Order).catch(failed))
  .on('close', () => process.exit(0))
say({ said: 'ready' })

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case 'open':
      boundaries.arm(order.killAt)
      await open(order.place)
      return
    case 'sell':
      if (order.countOn) boundaries.rearm(order.killAt)
      else boundaries.arm(order.killAt)
      await sell(order)
      say({ said: 'sold', boundaries: boundaries.met })
      boundaries.arm(undefined)
      return
    case 'happened':
      happenings.get(order.id)?.()
      return
    case 'race':
      return await race(order.place, order.atEpochMs)
    case 'close':
      await till?.close()
      till = undefined
      say({ said: 'closed' })
  }
}

async function open(place: Place): Promise<void> {
  const books = new OwnBooks(place.dir)
  own = books
  say({ said: 'opening', atEpochMs: epochMs() })
  till = await openTill({
    dir: place.dir,
    lane: '0412-07',
    currency: 'EUR',
    header: ['Crash Street Shop'],
    catalog: goodOf,
    statusOf: sale => books.statusOf(sale),
    terminal: zvtTerminal({
      host: HERE,
      port: place.terminalPort,
      profile: { afterAutoReversal: 'reversal' },
      timeouts: { retryMs: ASK_AGAIN_MS },
    }),
    printer: tcpPrinter({ name: 'printer', profile: epson48, host: HERE, port: place.printerPort }),
    plugins: [plugin(place)],
    ...(place.smallJournal ? SMALL : {}),
    ports: { disk: boundedDisk(nodeDisk(place.dir), boundaries) },
  })
  say({ said: 'open', atEpochMs: epochMs(), left: till.recovered.length })
}

function plugin({ host }: Place): ReturnType<typeof activation> {
  return activation({
    user: 'demo',
    password: 'demo-pass',
    cspid: '4711',
    reservationServers: [host],
    activationServers: [host],
    profile: QUICK,
  })
}

async function sell(order: Extract<Order, { order: 'sell' }>): Promise<void> {
  const scenario = SCENARIOS[order.scenario]
  if (!till || !own || !scenario) throw new CashdeskError('register.closed', { scenario: order.scenario })
  const cashier = new Cashier({
    till,
    order,
    memory: order.memory,
    say: entry => say({ said: 'purse', entry }),
    happen,
    boundary: kind => boundaries.pass(kind),
  })
  cashier.lookBack()
  if (order.mood === 'prepare') await scenario.prepare?.(cashier, own)
  else if (order.mood === 'let-go') {
    // A crash before anything of the sale was durable: there is no sale to let go.
    if (cashier.view(cashier.id('a'))) await cashier.letGo(till.find(cashier.id('a')))
    else cashier.handBack('a')
  } else await scenario.play(cashier, own)
  await cashier.rest()
}

function happen(happening: Happening): Promise<void> {
  lastHappening += 1
  const id = lastHappening
  return new Promise(resolve => {
    happenings.set(id, resolve)
    say({ said: 'happen', id, happening })
  })
}

/** One of several processes that open the same till at the same instant. */
async function race(place: Place, atEpochMs: number): Promise<void> {
  while (epochMs() < atEpochMs);
  const startMs = performance.now()
  try {
    till = await openTill({ dir: place.dir, lane: '0412-07', currency: 'EUR' })
    say({ said: 'raced', won: true, tookMs: performance.now() - startMs })
  } catch (thrown) {
    const code = thrown instanceof CashdeskError ? thrown.code : String(thrown)
    say({ said: 'raced', won: false, code, tookMs: performance.now() - startMs })
  }
}

function failed(thrown: unknown): void {
  const code = thrown instanceof CashdeskError ? thrown.code : 'unknown'
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  say({ said: 'failed', code, message })
}

function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Written at once and to the end: the next instant may never come. */
function say(said: Said): void {
  const bytes = Buffer.from(`${JSON.stringify(said)}\n`)
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
}
