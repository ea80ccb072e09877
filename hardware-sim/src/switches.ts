// One table of accidents drives the keys, the HTTP control and the scripts of a simulator: here is what a line of the
// table means, and what switching it on, off or to a value does.
import { CashdeskError, type Json } from '@cashdesk/kernel'

export type AccidentArgs = { readonly [name: string]: Json }

/** A line of a program's table. Where it has no `off` it is a moment (a cable pulled), otherwise a state. */
export interface SimAccident {
  readonly name: string
  readonly text: string
  /** The key that plays it, or ends it while it is on. `q`, `?` and `:` are taken. */
  readonly key?: string
  /** The argument that a bare value sets: `slow 500`. */
  readonly value?: { readonly name: string; readonly type: 'number' | 'text' }
  /** Arguments where none are given, by a key for instance. */
  readonly preset?: AccidentArgs
  /** Added when it is switched `on` to stay, where playing it would strike only once. */
  readonly on?: AccidentArgs
  /** Its name must not stand on a screen when its key plays it: a star does. */
  readonly hidden?: boolean
  /** What ends it. */
  readonly off?: { readonly name: string; readonly args?: AccidentArgs }
}

/** What can be switched, and a simulator to switch it at. */
export interface Switchable {
  accident(name: string, args: AccidentArgs): Json | Promise<Json>
  /** The names of the accidents that are on now; without it, what was switched here counts. */
  active?(): readonly string[]
}

/** A line of the table as it is told to people and programs. */
export type SwitchView = {
  readonly name: string
  readonly text: string
  readonly key: string | null
  readonly value: string | null
  /** Null for a moment, which is over at once. */
  readonly on: boolean | null
}

/** How it is to be switched. `play` is what a key does. */
export type Wish =
  | { readonly kind: 'play' | 'on'; readonly args: AccidentArgs }
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'off' }

export class Switches {
  readonly #table: readonly SimAccident[]
  readonly #sim: Switchable
  readonly #switched = new Set<string>()

  constructor(table: readonly SimAccident[], sim: Switchable) {
    this.#table = table
    this.#sim = sim
  }

  view(): SwitchView[] {
    const active = this.#active()
    return this.#table.map(({ name, text, key, value, off }) => ({
      name,
      text,
      key: key ?? null,
      value: value === undefined ? null : `${value.name}: ${value.type}`,
      on: off === undefined ? null : active.has(name),
    }))
  }

  byKey(key: string): SimAccident | undefined {
    return this.#table.find(line => line.key === key)
  }

  /** What a key does: plays it, or ends it if it is on. Answers what it did. */
  async toggle(name: string): Promise<'on' | 'off' | 'played'> {
    const line = lineOf(this.#table, name)
    if (line.off !== undefined && this.#active().has(name)) {
      await this.set(name, { kind: 'off' })
      return 'off'
    }
    await this.set(name, { kind: 'play', args: {} })
    return line.off === undefined ? 'played' : 'on'
  }

  /** @throws CashdeskError `sim.usage` */
  async set(name: string, wish: Wish): Promise<Json> {
    const line = lineOf(this.#table, name)
    if (wish.kind === 'off') {
      if (line.off === undefined) {
        throw new CashdeskError('sim.usage', { accident: name, reason: 'it is a moment and has no off' })
      }
      return await this.play(line.off.name, line.off.args ?? {})
    }
    if (wish.kind === 'value') {
      return await this.play(name, { ...line.preset, ...line.on, ...argOf(line, wish.value) })
    }
    return await this.play(name, { ...line.preset, ...(wish.kind === 'on' && line.on), ...wish.args })
  }

  /** Plays it with these arguments and no others. @throws CashdeskError `sim.usage` */
  async play(name: string, args: AccidentArgs): Promise<Json> {
    const line = lineOf(this.#table, name)
    const answer = await this.#sim.accident(name, args)
    const ends = (other: SimAccident): boolean =>
      other.off?.name === name && (other.name !== name || sameArgs(other.off.args ?? {}, args))
    const ended = this.#table.filter(ends)
    for (const other of ended) this.#switched.delete(other.name)
    if (line.off !== undefined && !ended.includes(line)) this.#switched.add(name)
    return answer
  }

  #active(): ReadonlySet<string> {
    return this.#sim.active === undefined ? this.#switched : new Set(this.#sim.active())
  }
}

/** The line of that name. @throws CashdeskError `sim.usage` */
export function lineOf(table: readonly SimAccident[], name: string): SimAccident {
  const line = table.find(known => known.name === name)
  if (line !== undefined) return line
  throw new CashdeskError('sim.usage', {
    accident: name.slice(0, 40),
    known: table.map(known => known.name),
  })
}

/**
 * A wish in JSON: nothing or `true` or `"on"`, `false` or `"off"`, a value, `{on}`, `{off}`, `{value}`, or the
 * accident's own arguments as a record.
 * @throws CashdeskError `sim.usage`
 */
export function wishOf(body: Json | undefined): Wish {
  if (body === undefined || body === null || body === true || body === 'on') return { kind: 'on', args: {} }
  if (body === false || body === 'off') return { kind: 'off' }
  if (typeof body === 'number' || typeof body === 'string') return { kind: 'value', value: body }
  if (!isRecord(body)) throw new CashdeskError('sim.usage', { reason: 'a list is no wish' })
  const { on, off, value, ...args } = body
  if (on === false || off === true) return { kind: 'off' }
  if (value !== undefined) return { kind: 'value', value }
  return { kind: on === true || Object.keys(args).length === 0 ? 'on' : 'play', args }
}

/**
 * A wish in words behind the accident's name: nothing, `on`, `off`, a value, `key=value …`, or JSON.
 * @throws CashdeskError `sim.usage`
 */
export function wishIn(line: SimAccident, rest: string): Wish {
  const words = rest.trim()
  if (words === '') return { kind: 'play', args: {} }
  if (words === 'on') return { kind: 'on', args: {} }
  if (words === 'off') return { kind: 'off' }
  if (words.startsWith('{')) return wishOf(jsonOf(words))
  if (!/^[A-Za-z]\w*=/.test(words)) return { kind: 'value', value: words }
  const args: { [name: string]: Json } = {}
  for (const word of words.split(/\s+/)) {
    const at = word.indexOf('=')
    if (at < 1) throw new CashdeskError('sim.usage', { word: word.slice(0, 40), reason: 'no name=value' })
    const name = word.slice(0, at)
    const isText = line.value?.type === 'text' && line.value.name === name
    args[name] = isText ? word.slice(at + 1) : scalar(word.slice(at + 1))
  }
  return { kind: 'play', args }
}

/** @throws CashdeskError `sim.usage` */
export function jsonOf(text: string): Json {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch {
    throw new CashdeskError('sim.usage', { reason: 'the body is not JSON' })
  }
}

export function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function argOf(line: SimAccident, value: Json): AccidentArgs {
  if (line.value === undefined) {
    throw new CashdeskError('sim.usage', { accident: line.name, reason: 'it takes no value' })
  }
  const { name, type } = line.value
  if (type === 'text') return { [name]: String(value) }
  if (typeof value === 'number') return { [name]: value }
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return { [name]: Number(value) }
  throw new CashdeskError('sim.usage', { accident: line.name, [name]: String(value).slice(0, 40) })
}

function scalar(word: string): Json {
  if (word === 'true' || word === 'false') return word === 'true'
  return /^\d{1,15}$/.test(word) ? Number(word) : word
}

function sameArgs(one: AccidentArgs, other: AccidentArgs): boolean {
  return Object.keys(one).every(name => JSON.stringify(one[name]) === JSON.stringify(other[name]))
}
