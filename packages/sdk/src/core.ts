// What till and sale share: parsed commands become inputs, articles are looked up, plugins are asked what they want,
// scans find their way, and everybody who listens hears what became durable.
import type {
  Article,
  Clock,
  Currency,
  ErrorReport,
  Event,
  Gtin,
  Input,
  Log,
  Random,
  RestrictedTemplate,
  SaleId,
  Scan,
  Stop,
  Wanted,
} from '@cashdesk/kernel'
import {
  CashdeskError,
  exponentOf,
  lineId,
  minor,
  newId,
  promptIdOf,
  readCode,
  gtin as readGtin,
  report,
  reportOf,
  saleId,
  tenderId,
} from '@cashdesk/kernel'
import type { Command, CommandArticle } from './commands.ts'
import type { LaneLoop, Taken } from './loop.ts'
import type { CatalogArticle, Measured, TillOptions } from './options.ts'
import type { Performer } from './performer.ts'
import type { Plugin } from './plugin.ts'
import type { SaleEvents } from './sale.ts'
import { stampOf } from './stamp.ts'

export interface CoreOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly catalog: TillOptions['catalog']
  readonly restricted: readonly RestrictedTemplate[]
  readonly currency: Currency
}

/** Scans that wait for a slow catalog: a cashier is not faster than this. */
const MAX_WAITING_SCANS = 50

type Listener = { readonly name: keyof SaleEvents; readonly call: (value: never) => void }

export class TillCore {
  readonly loop: LaneLoop
  readonly performer: Performer
  readonly plugins: readonly Plugin[]
  readonly options: CoreOptions
  readonly #listeners: Map<string, Set<Listener>> = new Map()
  #scans: Promise<void> = Promise.resolve()
  #waitingScans = 0

  constructor(loop: LaneLoop, performer: Performer, plugins: readonly Plugin[], options: CoreOptions) {
    this.loop = loop
    this.performer = performer
    this.plugins = plugins
    this.options = options
    loop.onStep(({ step, sales }) => this.#tell(step.events, sales))
    loop.onRefusal((error, sale) => {
      if (sale !== undefined) this.emit(sale, 'refused', error)
    })
  }

  /** Submits a command. @throws CashdeskError with the refusal's code */
  async take(input: Input): Promise<Taken> {
    const taken = await this.loop.submit(input)
    if (taken.refusal) throw new CashdeskError(taken.refusal.code, taken.refusal.detail)
    return taken
  }

  totalling(sale: string): boolean {
    return this.loop.lane.sales.get(saleId(sale))?.totalling ?? false
  }

  async addLine(command: Command<'add'>): Promise<void> {
    const sale = saleId(command.sale)
    const known = command.article ? { ...command.article } : undefined
    const code = command.gtin === undefined ? undefined : readGtin(command.gtin)
    const original = command.of === undefined ? undefined : this.#soldLine(sale, command.of)
    if (command.of !== undefined && !original) throw new CashdeskError('line.unknown', { line: command.of })
    const article =
      original ??
      this.#rungUp(sale, command, code) ??
      (known
        ? articleOf(known, code ?? optionalGtin(known.gtin))
        : code === undefined
          ? undefined
          : await this.#lookUp(code))
    if (!article) throw new CashdeskError('article.unknown', { code: command.gtin ?? '' })
    await this.take({
      type: 'line.add',
      sale,
      line: lineId(command.line),
      article,
      quantity: command.quantity ?? 1,
      wants: original ? [] : this.#wants(article, command.serial),
      ...(command.of === undefined ? {} : { of: lineId(command.of) }),
    })
  }

  #soldLine(sale: SaleId, line: string): Article | undefined {
    const original = this.loop.lane.sales.get(sale)?.original
    return original === undefined
      ? undefined
      : this.loop.lane.sales.get(original)?.lines.find(each => each.id === line)?.article
  }

  /** The line that a repeated command added: what the catalog says by now changes nothing about it. */
  #rungUp(sale: SaleId, { line, article }: Command<'add'>, code: Gtin | undefined): Article | undefined {
    if (article || code === undefined) return undefined
    const known = this.loop.lane.sales.get(sale)?.lines.find(each => each.id === line)?.article
    return known?.gtin === code ? known : undefined
  }

  async #lookUp(code: Gtin, measured?: Measured): Promise<Article | undefined> {
    const found = await this.#asked(code, measured)
    if (!found) return undefined
    const priceMinor = measured && pricedAt(measured, this.options.currency)
    return articleOf(priceMinor === undefined ? found : { ...found, priceMinor }, code)
  }

  /** @throws CashdeskError `article.unknown` when the catalog fails: what it throws is the register's own */
  async #asked(code: Gtin, measured?: Measured): Promise<CatalogArticle | undefined> {
    try {
      return await this.options.catalog?.(code, measured)
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      this.options.log('error', 'The catalog failed.', { code, reason })
      throw new CashdeskError('article.unknown', { code, reason: 'the catalog failed' })
    }
  }

  /** Asks every plugin, in the order of registration; a serial that came with the scan answers the question at once. */
  #wants(article: Article, serial: string | undefined): readonly Wanted[] {
    const wants: Wanted[] = []
    let asking = false
    for (const plugin of this.plugins) {
      if (plugin.participant.claims !== 'line') continue
      const wanted = this.#ask(plugin, () => plugin.wants(article))
      // Two plugins that want one scan: the first registered asks, and there is one prompt.
      if (!wanted || (wanted.ask && asking)) continue
      asking ||= wanted.ask !== undefined
      const answered = wanted.ask?.kind === 'serial' && serial !== undefined
      wants.push({
        plugin: plugin.name,
        subject: { ...wanted.subject, ...(answered ? { serial } : {}) },
        ...(wanted.ask && !answered ? { ask: wanted.ask } : {}),
      })
    }
    return wants
  }

  #ask<Value>(plugin: Plugin, question: () => Value): Value | undefined {
    try {
      return question()
    } catch (thrown) {
      this.options.log('error', 'A plugin failed to say what it wants.', {
        plugin: plugin.name,
        ...reportOf(thrown, 'plugin.threw'),
      })
      return undefined
    }
  }

  async answerPrompt(command: Command<'answer'>): Promise<void> {
    await this.take({
      type: 'prompt.answer',
      sale: saleId(command.sale),
      prompt: promptIdOf(command.prompt),
      value: command.value,
    })
  }

  async claimBasket(command: Command<'claim'>): Promise<void> {
    const wanted = this.#identify(command.code)
    if (!wanted) throw new CashdeskError('scan.unreadable', { code: command.code.slice(0, 40) })
    await this.take({ type: 'basket.claim', sale: saleId(command.sale), wanted })
  }

  #identify(code: string): Wanted | undefined {
    for (const plugin of this.plugins) {
      const subject =
        plugin.participant.claims === 'basket' ? this.#ask(plugin, () => plugin.identify(code)) : false
      if (subject) return { plugin: plugin.name, subject }
    }
    return undefined
  }

  async tender(command: Command<'pay'>): Promise<Taken> {
    const { amount = 'rest', given, split, subject } = command
    return this.take({
      type: 'tender.add',
      sale: saleId(command.sale),
      tender: tenderId(command.id),
      by: command.by,
      amountMinor: amount === 'rest' ? 'rest' : minor(amount),
      ...(given === undefined ? {} : { givenMinor: minor(given, 'given') }),
      ...(split === undefined ? {} : { split }),
      ...(subject === undefined ? {} : { subject }),
    })
  }

  async paid(command: Command<'paid'>): Promise<void> {
    const { revision, reference } = command
    await this.take({
      type: 'register.paid',
      sale: saleId(command.sale),
      revision,
      reference,
      totalMinor: minor(command.totalMinor),
    })
  }

  /** A code from a scanner, a screen or a keyboard. Scans are taken one after the other, whatever the catalog takes. */
  scan(scan: Pick<Scan, 'text' | 'aim'>): Promise<ErrorReport | undefined> {
    if (this.#waitingScans >= MAX_WAITING_SCANS) {
      const error = report('scan.too-many', { waiting: MAX_WAITING_SCANS })
      this.loop.refuse(error)
      return Promise.resolve(error)
    }
    this.#waitingScans += 1
    const done = this.#scans.then(async () => {
      try {
        const taken = await this.loop.submit(await this.#scanInput(scan))
        return taken.refusal
      } catch (thrown) {
        // The catalog failed, or answered what is no article: the cashier must hear that nothing was rung up.
        if (!(thrown instanceof CashdeskError) || this.loop.failure) throw thrown
        this.loop.refuse(thrown.report)
        return thrown.report
      } finally {
        this.#waitingScans -= 1
      }
    })
    this.#scans = done.then(
      () => undefined,
      () => undefined,
    )
    return done
  }

  async #scanInput(scan: Pick<Scan, 'text' | 'aim'>): Promise<Extract<Input, { type: 'scan' }>> {
    const line = lineId(newId(stampOf(this.options.clock, this.options.random), 0))
    const code = readCode(scan.text, scan.aim, { restricted: this.options.restricted })
    const text = scan.text.slice(0, 200)
    if (code.kind === 'variable') {
      const { gtin, measure, value, decimals } = code
      const article = await this.#lookUp(gtin, { measure, value, decimals })
      const wants = article ? this.#wants(article, undefined) : []
      return { type: 'scan', text, line, gtin, wants, ...(article ? { article } : {}) }
    }
    if (code.kind !== 'gtin') {
      const basket = this.#identify(text)
      const error = code.kind === 'invalid' ? code.error : undefined
      return { type: 'scan', text, line, wants: [], ...(basket ? { basket } : error ? { error } : {}) }
    }
    const article = await this.#lookUp(code.gtin)
    const known = {
      type: 'scan',
      text,
      line,
      gtin: code.gtin,
      ...(code.serial === undefined ? {} : { serial: code.serial }),
    } as const
    if (article) return { ...known, article, wants: this.#wants(article, code.serial) }
    const basket = this.#identify(text)
    return { ...known, wants: [], ...(basket ? { basket } : {}) }
  }

  // ── listeners ─────────────────────────────────────────────────────────────────────────────────────────

  listen<Name extends keyof SaleEvents>(sale: string, name: Name, listener: SaleEvents[Name]): Stop {
    const listeners = this.#listeners.get(sale) ?? new Set()
    this.#listeners.set(sale, listeners)
    // Told only with the value that belongs to `name`, see `emit`.
    const entry: Listener = { name, call: listener as (value: never) => void }
    listeners.add(entry)
    if (name === 'prompt')
      for (const prompt of this.loop.view(saleId(sale))?.prompts ?? []) this.#call(entry, prompt)
    return () => {
      listeners.delete(entry)
      if (listeners.size === 0) this.#listeners.delete(sale)
    }
  }

  emit<Name extends keyof SaleEvents>(
    sale: string,
    name: Name,
    value: Parameters<SaleEvents[Name]>[0],
  ): void {
    for (const listener of this.#listeners.get(sale) ?? [])
      if (listener.name === name) this.#call(listener, value)
  }

  #call(listener: Listener, value: unknown): void {
    try {
      // `listen` and `emit` agree on the value's type by name.
      const result: unknown = (listener.call as (value: unknown) => unknown)(value)
      if (result instanceof Promise) result.catch((thrown: unknown) => this.#complain(thrown))
    } catch (thrown) {
      this.#complain(thrown)
    }
  }

  #complain(thrown: unknown): void {
    this.options.log('error', 'A listener failed.', {
      reason: thrown instanceof Error ? thrown.message : String(thrown),
    })
  }

  #tell(events: readonly Event[], sales: readonly SaleId[]): void {
    for (const event of events) {
      if (event.type === 'prompt.opened') {
        const prompt = this.loop.view(event.sale)?.prompts.find(each => each.id === event.prompt.id)
        if (prompt) this.emit(event.sale, 'prompt', prompt)
      }
      if ((event.type === 'line.refused' || event.type === 'sale.reopened') && event.error)
        this.emit(event.sale, 'refused', event.error)
    }
    for (const sale of sales) {
      const view = this.#listeners.has(sale) ? this.loop.view(sale) : undefined
      if (view) this.emit(sale, 'changed', view)
    }
  }
}

function optionalGtin(value: string | undefined): Gtin | undefined {
  return value === undefined ? undefined : readGtin(value)
}

function articleOf(known: CommandArticle, code: Gtin | undefined): Article {
  const { name, vat, group, facts } = known
  return {
    name,
    priceMinor: minor(known.priceMinor, 'priceMinor'),
    vat,
    ...(code === undefined ? {} : { gtin: code }),
    ...(group === undefined ? {} : { group }),
    ...(facts === undefined ? {} : { facts }),
  }
}

/**
 * The price that a label carries, in minor units; undefined where it carries a weight or a count.
 * @throws CashdeskError `value.amount` for a price finer than the currency
 */
function pricedAt({ measure, value, decimals }: Measured, code: Currency): number | undefined {
  if (measure !== 'price') return undefined
  const shift = exponentOf(code) - decimals
  return minor(shift < 0 ? value / 10 ** -shift : value * 10 ** shift, 'price')
}
