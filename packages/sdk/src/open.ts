// Opening a till: configuration checked, journal recovered, parts joined.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Journal, openJournal, type RecoveryReport } from '@cashdesk/journal'
import { CashdeskError, currency, type Http, type LaneConfig, type Log, reportOf } from '@cashdesk/kernel'
import { TillCore } from './core.ts'
import { recallSales } from './forgetting.ts'
import { Listeners } from './listeners.ts'
import { LaneLoop } from './loop.ts'
import { nodeClock, nodeHttp, nodeRandom, nodeSecrets } from './node-ports.ts'
import { diskOf, type TillOptions } from './options.ts'
import { Performer } from './performer.ts'
import { PinEntries } from './pin-entry.ts'
import type { Plugin } from './plugin.ts'
import { Providers } from './provider.ts'
import { checkTogether } from './registration.ts'
import { redactAll, redactor, resolveSecret } from './secret.ts'
import { JOURNAL_FOLDER, Till } from './till.ts'

/**
 * Opens the till: recovers the journal, opens the devices, resumes what was in flight.
 * @throws CashdeskError `config.*`, `plugin.invalid`, `journal.*`, `disk.*`
 */
export async function openTill(options: TillOptions): Promise<Till> {
  const plugins = await configured(options)
  const config = laneConfig(options, plugins)
  const log = redacted(options.log ?? silent, plugins)
  const http = options.ports?.http ?? (await ourHttp(plugins))
  const listeners = new Listeners(log)
  const { core, loop, performer } = joined(options, plugins, { log, http, listeners })
  const { journal, recovery } = await recoverJournal(options, loop, log)
  const till = new Till({
    options,
    core,
    loop,
    performer,
    listeners,
    log,
    journal,
    recovery,
    closeHttp: () => closeOf(http),
  })
  try {
    await till.start(config)
    return till
  } catch (thrown) {
    await till.close()
    throw thrown
  }
}

async function ourHttp(plugins: readonly Plugin[]): Promise<Http> {
  const http = nodeHttp()
  // Before the first customer: loading it takes longer than asking a provider.
  if (plugins.length > 0) await http.warm()
  return http
}

async function configured(options: TillOptions): Promise<readonly Plugin[]> {
  const source = options.ports?.secrets ?? nodeSecrets
  const plugins: Plugin[] = []
  for (const factory of options.plugins ?? []) {
    plugins.push(await factory.configure(secret => resolveSecret(secret, source)))
  }
  checkTogether(plugins)
  return plugins
}

function laneConfig(options: TillOptions, plugins: readonly Plugin[]): LaneConfig {
  return {
    lane: checkedLane(options.lane),
    currency: currency(options.currency),
    locale: checkedLocale(options.locale ?? 'en-GB'),
    header: options.header ?? [],
    hasTerminal: options.terminal !== undefined,
    hasPrinter: options.printer !== undefined,
    participants: plugins.map(plugin => plugin.participant),
    paymentTimeMs: options.paymentTimeMs ?? 180_000,
    commitBudgetMs: options.commitBudgetMs ?? 3_000,
    askRegisterMs: options.askRegisterMs ?? 30_000,
  }
}

/** Loop and performer need each other: what is decided is performed, and what comes back is decided upon. */
function joined(
  options: TillOptions,
  plugins: readonly Plugin[],
  { log, http, listeners }: { readonly log: Log; readonly http: Http; readonly listeners: Listeners },
): { readonly core: TillCore; readonly loop: LaneLoop; readonly performer: Performer } {
  const clock = options.ports?.clock ?? nodeClock
  const random = options.ports?.random ?? nodeRandom
  const loop: LaneLoop = new LaneLoop({
    clock,
    random,
    log,
    materialise: intents => performer.materialise(intents),
    keptSales: checkedKept(options.keptSales),
    recall: sale => recallSales(diskOf(options), JOURNAL_FOLDER, [sale]),
  })
  const performer: Performer = new Performer({
    clock,
    log,
    lane: loop.lane,
    outbox: loop.outbox,
    plugins: new Map(plugins.map(plugin => [plugin.name, plugin])),
    providers: new Providers(http, clock),
    ...(options.terminal ? { terminal: options.terminal } : {}),
    ...(options.printer ? { printer: options.printer } : {}),
    pins: new PinEntries({ clock, ...(options.pinpad ? { pinpad: options.pinpad } : {}) }),
    lastBooked: () => loop.lastBooked,
    submit: input => loop.submit(input),
    message: (sale, message) => core.emit(sale, 'message', message),
    slip: lines => listeners.emit('slip', lines),
    ...(options.onQuestion ? { question: options.onQuestion } : {}),
  })
  const core: TillCore = new TillCore(loop, performer, plugins, {
    clock,
    random,
    log,
    catalog: options.catalog,
    restricted: options.restrictedCodes ?? [],
    currency: currency(options.currency),
  })
  return { core, loop, performer }
}

function checkedLane(lane: string): string {
  if (/^[\w .:-]{1,40}$/.test(lane)) return lane
  throw new CashdeskError('config.invalid', {
    problems: ['lane: 1 to 40 letters, digits, spaces, dots, colons or dashes'],
  })
}

/** @throws CashdeskError `config.invalid` where the locale is no BCP 47 tag: the receipt's dates could not be written */
function checkedLocale(locale: string): string {
  try {
    return (
      Intl.DateTimeFormat.supportedLocalesOf(locale)[0] ??
      new Intl.DateTimeFormat(locale).resolvedOptions().locale
    )
  } catch {
    throw new CashdeskError('config.invalid', {
      problems: [`locale: ${locale} is no language tag such as de-DE`],
    })
  }
}

async function recoverJournal(
  options: TillOptions,
  loop: LaneLoop,
  log: Log,
): Promise<{ journal: Journal; recovery: RecoveryReport }> {
  if (!options.ports?.disk) makeFolder(options.dir)
  const disk = diskOf(options)
  const { journal, report: recovery } = await openJournal({
    disk,
    folder: JOURNAL_FOLDER,
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    log,
    onStep: (step, record) => loop.memory.replay(step, record),
    onReset: () => loop.memory.reset(),
    ...(options.snapshotEvery === 0 ? {} : { snapshot: loop.memory.snapshots }),
  })
  const { later, forgetting } = loop.memory
  if (forgetting.missing.size > 0) loop.bringBack(await recallSales(disk, JOURNAL_FOLDER, forgetting.missing))
  if (later.events > 0 || recovery.unknownCount > 0) {
    log(
      'warn',
      'The journal holds records of a later release. They are kept, and mean nothing to this one.',
      {
        records: recovery.unknownCount,
        ...later,
      },
    )
  }
  return { journal, recovery }
}

/** @throws CashdeskError `config.invalid` */
function checkedKept(kept: number | undefined): number | undefined {
  if (kept === undefined || kept === Number.POSITIVE_INFINITY || (Number.isInteger(kept) && kept >= 0))
    return kept
  throw new CashdeskError('config.invalid', { problems: ['keptSales: a whole number from 0'] })
}

function makeFolder(dir: string): void {
  try {
    makeFolders(dir)
  } catch (thrown) {
    throw new CashdeskError('journal.not-writable', {
      dir,
      reason: reportOf(thrown, 'disk.failed').detail?.['reason'] ?? '',
    })
  }
}

/** Node's own `recursive` never comes back from a file system that has no folders to make, such as /proc. */
function makeFolders(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(dir)
  if (parent !== dir) makeFolders(parent)
  try {
    mkdirSync(dir)
  } catch (thrown) {
    // Somebody else was quicker.
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw thrown
  }
}

function closeOf(http: object): void {
  if ('close' in http && typeof http.close === 'function') http.close()
}

const silent: Log = () => undefined

/** No secret of any plugin reaches a log, whatever is logged. */
function redacted(log: Log, plugins: readonly Plugin[]): Log {
  const clean = redactor(plugins.flatMap(plugin => [...plugin.secrets.values()]))
  return (level, message, detail) => {
    if (detail === undefined) log(level, clean(message))
    else log(level, clean(message), redactAll(JSON.parse(JSON.stringify(detail)), clean))
  }
}
