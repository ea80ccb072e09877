// HID report descriptors (USB Device Class Definition for HID 1.11, ch. 6.2.2): which bits of which input report hold
// what. Only input fields are kept; everything is bounded, because a descriptor comes from a device nobody has seen.

/** An input field: `count` values of `bits` bits each. */
export interface HidField {
  /** 0 if the device numbers no reports. */
  readonly report: number
  /** Bits behind the report's number, if it has one. */
  readonly at: number
  readonly bits: number
  readonly count: number
  /** `page << 16 | usage`; the last one holds for all values beyond the list. Empty for padding. */
  readonly usages: readonly number[]
  /** The usage of the application it belongs to. */
  readonly application: number
}

export interface HidDescriptor {
  readonly fields: readonly HidField[]
  /** Do reports begin with their number? */
  readonly numbered: boolean
  /** Length of each input report in bytes, without its number. */
  readonly lengths: ReadonlyMap<number, number>
}

/** A descriptor of a composite scanner has some hundred bytes; Linux keeps at most 4096. */
const MAX_BYTES = 4096
/** An input report of a full-speed device has 64 bytes; more are read for Bluetooth and high speed. */
const MAX_REPORT_BITS = 8 * 8192
const MAX_FIELDS = 1024
const MAX_USAGES = 256
const MAX_DEPTH = 16

const MAIN = { input: 0x80, output: 0x90, collection: 0xa0, feature: 0xb0, end: 0xc0 } as const
const GLOBAL = { page: 0x04, size: 0x74, report: 0x84, count: 0x94, push: 0xa4, pop: 0xb4 } as const
const LOCAL = { usage: 0x08, least: 0x18, most: 0x28 } as const

interface Globals {
  readonly page: number
  readonly bits: number
  readonly count: number
  readonly report: number
}

/** Undefined if it is no descriptor, or one beyond the bounds. */
export function readDescriptor(bytes: Uint8Array): HidDescriptor | undefined {
  if (bytes.length === 0 || bytes.length > MAX_BYTES) return undefined
  const reader = new DescriptorReader()
  for (let at = 0; at < bytes.length; ) {
    const prefix = bytes[at] ?? 0
    // A long item carries its own length; none has ever been defined.
    if (prefix === 0xfe) at += 3 + (bytes[at + 1] ?? 0)
    else {
      const size = [0, 1, 2, 4][prefix & 3] ?? 0
      if (at + 1 + size > bytes.length) return undefined
      let value = 0
      for (let index = size; index > 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0)
      if (!reader.item(prefix & 0xfc, value, size)) return undefined
      at += 1 + size
    }
  }
  return reader.result
}

class DescriptorReader {
  #globals: Globals = { page: 0, bits: 0, count: 0, report: 0 }
  readonly #stack: Globals[] = []
  readonly #collections: number[] = []
  #usages: number[] = []
  #least: number | undefined
  #numbered = false
  readonly #fields: HidField[] = []
  readonly #bits: Map<number, number> = new Map()

  get result(): HidDescriptor | undefined {
    if (this.#collections.length > 0 || this.#fields.length === 0) return undefined
    const lengths = new Map([...this.#bits].map(([report, bits]) => [report, Math.ceil(bits / 8)] as const))
    return { fields: this.#fields, numbered: this.#numbered, lengths }
  }

  /** False if the descriptor is malformed. */
  item(tag: number, value: number, size: number): boolean {
    if (isOneOf(tag, GLOBAL)) return this.#global(tag, value)
    if (isOneOf(tag, LOCAL)) return this.#local(tag, value, size)
    if (!isOneOf(tag, MAIN)) return true
    const good = this.#main(tag, value)
    this.#usages = []
    this.#least = undefined
    return good
  }

  #global(tag: number, value: number): boolean {
    if (tag === GLOBAL.page) this.#globals = { ...this.#globals, page: value & 0xffff }
    else if (tag === GLOBAL.size) this.#globals = { ...this.#globals, bits: value }
    else if (tag === GLOBAL.count) this.#globals = { ...this.#globals, count: value }
    else if (tag === GLOBAL.report) {
      this.#numbered = true
      this.#globals = { ...this.#globals, report: value }
      return value > 0 && value < 256
    } else if (tag === GLOBAL.push) this.#stack.push(this.#globals)
    else {
      const popped = this.#stack.pop()
      if (popped === undefined) return false
      this.#globals = popped
    }
    return this.#stack.length <= MAX_DEPTH
  }

  #local(tag: number, value: number, size: number): boolean {
    // A usage of four bytes names its page itself.
    const usage = size === 4 ? value : this.#globals.page * 0x10000 + (value & 0xffff)
    if (tag === LOCAL.usage) this.#usages.push(usage)
    else if (tag === LOCAL.least) this.#least = usage
    else if (this.#least !== undefined) {
      if (usage - this.#least >= MAX_USAGES) return false
      for (let each = this.#least; each <= usage; each += 1) this.#usages.push(each)
      this.#least = undefined
    }
    return this.#usages.length <= MAX_USAGES
  }

  #main(tag: number, value: number): boolean {
    if (tag === MAIN.collection) {
      // Type 1 is an application; others belong to the one they are in.
      this.#collections.push(value === 1 ? (this.#usages[0] ?? 0) : (this.#collections.at(-1) ?? 0))
      return this.#collections.length <= MAX_DEPTH
    }
    if (tag === MAIN.end) return this.#collections.pop() !== undefined
    return tag === MAIN.input ? this.#input(value) : true
  }

  #input(flags: number): boolean {
    const { report, bits, count } = this.#globals
    const at = this.#bits.get(report) ?? 0
    if (bits > MAX_REPORT_BITS || count > MAX_REPORT_BITS || at + bits * count > MAX_REPORT_BITS) return false
    this.#bits.set(report, at + bits * count)
    const constant = (flags & 1) === 1
    const application = this.#collections[0] ?? 0
    this.#fields.push({ report, at, bits, count, usages: constant ? [] : this.#usages, application })
    return this.#fields.length <= MAX_FIELDS
  }
}

function isOneOf(tag: number, tags: { readonly [name: string]: number }): boolean {
  return Object.values(tags).includes(tag)
}
