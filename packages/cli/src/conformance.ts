// The contract that every device keeps, whatever it is and however it is connected, as checks that run on a simulated device,
// on a real line with accidents, and on a shop's own: opening, closing, losing and finding it again, at any instant.
import type { Clock, DeviceHealth } from '@cashdesk/kernel'

/** What a check needs of a device: scanner, terminal, printer, reader and pad all have it. */
export interface TriedDevice {
  health(): DeviceHealth
  close(): Promise<void>
}

/** The cable. On a shop's device a person pulls it. */
interface Cable {
  unplug(): Promise<void>
  plug(): Promise<void>
}

/** What only a line under our control can be made to do. */
interface Line extends Cable {
  /** Openings tried since the beginning; connections open now; the most at once. */
  counts(): { readonly tried: number; readonly open: number; readonly most: number }
  flood(bytes: number): void
  /** The device is silent and deaf, and the line is there. */
  dead(dead: boolean): void
}

export interface Subject {
  readonly device: TriedDevice
  /** Opens it; `changed` is called as the driver calls `healthChanged`. Called again after a close. */
  open(changed: (health: DeviceHealth) => void): Promise<void>
  /** Does what the device is for, moves no money unless told to, and says what was wrong. */
  works?(): Promise<string | undefined>
  /** A second driver for the same device, where the line takes one program at a time. */
  second?: { readonly device: TriedDevice; open(): Promise<void> }
  readonly cable?: Cable
  readonly line?: Line
  readonly clock: Clock
  /** Becomes ready by then; 20000 if absent. */
  readonly readyMs?: number
  /** Lets time pass, until `done` says so or the time is over. Answers whether it did. */
  until(done: () => boolean, withinMs: number): Promise<boolean>
}

export interface Check {
  readonly name: string
  /** `skipped` where the subject has not what the check needs. */
  readonly result: 'kept' | 'broken' | 'skipped'
  readonly problem?: string
}

interface Rule {
  readonly name: string
  /** Undefined: it is kept. */
  readonly run: (subject: Subject) => Promise<string | undefined>
  readonly needs?: (subject: Subject) => boolean
}

/** A device that is there answers by then; what is plugged in again is found by then (longest pause 10 s). */
const READY_MS = 20_000
/** No close takes longer, whatever the device does. */
const CLOSE_MS = 10_000
/** Instants after opening at which it is closed or unplugged, ms. */
const INSTANTS = [0, 1, 3, 10, 40, 150] as const
/** More than any driver keeps. */
const FLOOD_BYTES = 2_000_000
/** How long a device is away, and how often at most a driver looks for it meanwhile: 250 ms, doubled each time. */
const AWAY_MS = 3_000
const MOST_TRIES_AWAY = 8

/** All checks in their order; each opens and closes the device anew. */
export async function conformance(
  subject: Subject,
  told: (check: Check) => void = () => undefined,
): Promise<readonly Check[]> {
  const checks: Check[] = []
  for (const { name, run, needs } of RULES) {
    // What does not even open has one trouble, and not twelve.
    const hopeless = checks.some(each => each.name === OPENS && each.result === 'broken')
    const check: Check = hopeless ? { name, result: 'skipped' } : await checked(name, subject, run, needs)
    checks.push(check)
    told(check)
    await ended(subject)
  }
  return checks
}

async function checked(
  name: string,
  subject: Subject,
  run: Rule['run'],
  needs: Rule['needs'],
): Promise<Check> {
  if (needs !== undefined && !needs(subject)) return { name, result: 'skipped' }
  try {
    const problem = await run(subject)
    return problem === undefined ? { name, result: 'kept' } : { name, result: 'broken', problem }
  } catch (thrown) {
    return { name, result: 'broken', problem: `threw ${String(thrown).slice(0, 300)}` }
  }
}

const OPENS = 'opens at once and becomes ready'

const RULES: readonly Rule[] = [
  { name: 'is closed before it is opened, and says so as JSON', run: closedAtFirst },
  { name: OPENS, run: opens },
  { name: 'does its work', run: working, needs: ({ works }) => works !== undefined },
  { name: 'closes at any instant, and says nothing afterwards', run: closesAnyInstant },
  { name: 'can be opened again and does its work', run: reopens },
  { name: 'counts only upwards while it is open', run: countsUpwards },
  { name: 'holds one connection at a time and gives it back', run: holdsOne, needs: hasLine },
  {
    name: 'is refused politely while another has it, and claims it when it is free',
    run: contested,
    needs: ({ second }) => second !== undefined,
  },
  {
    name: 'says that it is absent when it is unplugged, and is ready again when it is back',
    run: replugged,
    needs: ({ cable, line }) => cable !== undefined || line !== undefined,
  },
  { name: 'survives unplugging at any instant', run: unpluggedAnyInstant, needs: hasLine },
  { name: 'looks for a device that is away in growing pauses', run: looksInPauses, needs: hasLine },
  { name: 'takes a flood of noise and does its work behind it', run: flooded, needs: hasLine },
  { name: 'closes although the device is dead', run: closesDead, needs: hasLine },
]

function hasLine({ line }: Subject): boolean {
  return line !== undefined
}

// ── the rules ───────────────────────────────────────────────────────────────────────────────────────────

async function closedAtFirst({ device }: Subject): Promise<string | undefined> {
  const health = device.health()
  if (health.state !== 'closed') return `is ${health.state}`
  const again: unknown = JSON.parse(JSON.stringify(health))
  return JSON.stringify(again) === JSON.stringify(health) ? undefined : 'its health is no JSON'
}

async function opens(subject: Subject): Promise<string | undefined> {
  await subject.open(() => undefined)
  return await notReady(subject)
}

async function working(subject: Subject): Promise<string | undefined> {
  await subject.open(() => undefined)
  return (await notReady(subject)) ?? (await subject.works?.())
}

async function closesAnyInstant(subject: Subject): Promise<string | undefined> {
  for (const instantMs of INSTANTS) {
    let closed = false
    let late: string | undefined
    await subject.open(health => {
      if (closed) late = health.state
    })
    await pause(subject, instantMs)
    const problem = await notClosed(subject)
    if (problem !== undefined) return `${instantMs} ms after opening: ${problem}`
    closed = true
    await pause(subject, 300)
    if (late !== undefined) return `${instantMs} ms after opening: said ${late} after it was closed`
  }
  return undefined
}

async function reopens(subject: Subject): Promise<string | undefined> {
  for (let time = 1; time <= 3; time += 1) {
    await subject.open(() => undefined)
    const problem = (await notReady(subject)) ?? (await subject.works?.()) ?? (await notClosed(subject))
    if (problem !== undefined) return `the ${time}. time: ${problem}`
  }
  return undefined
}

async function countsUpwards(subject: Subject): Promise<string | undefined> {
  await subject.open(() => undefined)
  const before = subject.device.health().counts
  const problem = (await notReady(subject)) ?? (await subject.works?.())
  if (problem !== undefined) return problem
  for (const [name, count] of Object.entries(subject.device.health().counts)) {
    if (!Number.isSafeInteger(count) || count < 0) return `${name} is ${count}`
    if (count < (before[name] ?? 0)) return `${name} fell from ${before[name]} to ${count}`
  }
  return undefined
}

async function holdsOne(subject: Subject): Promise<string | undefined> {
  await subject.open(() => undefined)
  const problem = (await notReady(subject)) ?? (await notClosed(subject))
  if (problem !== undefined) return problem
  const { open, most } = countsOf(subject)
  if (open !== 0) return `${open} connections are open after closing`
  return most === 1 ? undefined : `${most} connections were open at once`
}

async function contested(subject: Subject): Promise<string | undefined> {
  const { second } = subject
  if (second === undefined) return undefined
  await subject.open(() => undefined)
  const first = await notReady(subject)
  if (first !== undefined) return first
  await second.open()
  try {
    const refused = await subject.until(() => second.device.health().state === 'absent', READY_MS)
    if (!refused) return `the second is ${second.device.health().state}`
    const code = second.device.health().trouble?.code
    if (code !== 'transport.claimed') return `the second says ${code ?? 'nothing'} and not transport.claimed`
    if (subject.device.health().state !== 'ready') return 'the first lost it'
    await subject.device.close()
    const free = await subject.until(() => second.device.health().state === 'ready', READY_MS)
    return free ? undefined : 'the second does not claim it when it is free'
  } finally {
    await second.device.close()
  }
}

async function replugged(subject: Subject): Promise<string | undefined> {
  const cable = subject.line ?? subject.cable
  const states: string[] = []
  await subject.open(({ state }) => void states.push(state))
  const before = await notReady(subject)
  if (before !== undefined || cable === undefined) return before
  await cable.unplug()
  if (!(await subject.until(() => subject.device.health().state === 'absent', READY_MS)))
    return `is ${subject.device.health().state} without its device`
  if (subject.device.health().trouble === undefined) return 'says no reason'
  await cable.plug()
  const after = (await notReady(subject)) ?? (await subject.works?.())
  if (after !== undefined) return after
  return states.includes('absent') ? undefined : 'told nobody that it was absent'
}

async function unpluggedAnyInstant(subject: Subject): Promise<string | undefined> {
  for (const instantMs of INSTANTS) {
    await subject.open(() => undefined)
    await pause(subject, instantMs)
    await subject.line?.unplug()
    await pause(subject, instantMs)
    await subject.line?.plug()
    const problem = (await notReady(subject)) ?? (await subject.works?.()) ?? (await notClosed(subject))
    if (problem !== undefined) return `unplugged ${instantMs} ms after opening: ${problem}`
  }
  return undefined
}

async function looksInPauses(subject: Subject): Promise<string | undefined> {
  await subject.line?.unplug()
  const before = countsOf(subject).tried
  await subject.open(() => undefined)
  await pause(subject, AWAY_MS)
  const tried = countsOf(subject).tried - before
  await subject.line?.plug()
  if (tried < 2) return `looked ${tried} times in ${AWAY_MS / 1000} s`
  if (tried > MOST_TRIES_AWAY) return `looked ${tried} times in ${AWAY_MS / 1000} s`
  return await notReady(subject)
}

async function flooded(subject: Subject): Promise<string | undefined> {
  await subject.open(() => undefined)
  const before = await notReady(subject)
  if (before !== undefined) return before
  subject.line?.flood(FLOOD_BYTES)
  await pause(subject, 1_000)
  return (await notReady(subject)) ?? (await subject.works?.())
}

async function closesDead(subject: Subject): Promise<string | undefined> {
  try {
    for (const instantMs of INSTANTS) {
      subject.line?.dead(true)
      await subject.open(() => undefined)
      await pause(subject, instantMs)
      const problem = await notClosed(subject)
      if (problem !== undefined) return `dead, ${instantMs} ms after opening: ${problem}`
    }
    return undefined
  } finally {
    subject.line?.dead(false)
  }
}

// ── what the rules are made of ──────────────────────────────────────────────────────────────────────────

async function notReady(subject: Subject): Promise<string | undefined> {
  const { device, until, readyMs = READY_MS } = subject
  if (await until(() => device.health().state === 'ready', readyMs)) return undefined
  const { state, trouble } = device.health()
  return `is ${state}${trouble === undefined ? '' : ` (${trouble.code})`} and does not become ready`
}

async function notClosed({ device, until }: Subject): Promise<string | undefined> {
  let over = false
  let thrown: unknown
  device.close().then(
    () => {
      over = true
    },
    (error: unknown) => {
      thrown = error
      over = true
    },
  )
  if (!(await until(() => over, CLOSE_MS))) return 'does not close'
  if (thrown !== undefined) return `throws when it is closed: ${String(thrown).slice(0, 200)}`
  const { state } = device.health()
  return state === 'closed' ? undefined : `is ${state} after closing`
}

/** Whatever a check left: the next one begins anew. */
async function ended(subject: Subject): Promise<void> {
  await subject.line?.plug()
  subject.line?.dead(false)
  await notClosed(subject)
}

async function pause(subject: Subject, ms: number): Promise<void> {
  const from = subject.clock.monotonicMs()
  await subject.until(() => subject.clock.monotonicMs() - from >= ms, ms)
}

function countsOf({ line }: Subject): ReturnType<Line['counts']> {
  return line?.counts() ?? { tried: 0, open: 0, most: 0 }
}
