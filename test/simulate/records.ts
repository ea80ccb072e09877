// The till's records as they pass on their way to the disk: what the till was about when it died, and which transitions
// of a sale became durable. Read from the bytes, for statistics alone: no verdict comes from here.

interface Event {
  readonly type: string
  readonly sale?: string
  readonly to?: string
  readonly opened?: { readonly state?: string }
  readonly operation?: { readonly kind?: string }
  readonly op?: string
}

interface Step {
  readonly sequence: number
  readonly input: { readonly type: string }
  readonly events: readonly Event[]
}

const NEXT: { readonly [event: string]: string } = {
  'sale.parked': 'parked',
  'sale.resumed': 'open',
  'sale.tendering': 'tendering',
  'sale.reopened': 'open',
  'sale.paid': 'settling',
  'sale.closed': 'closed',
  'sale.cancelling': 'cancelling',
  'sale.cancelled': 'cancelled',
}

const FRAME_MAGIC = 0xf54443f5
/** The kind of a record that is a step of the till. */
const STEP = 1

const decoder = new TextDecoder()

export class Records {
  /** `open × sale.total → tendering`: how often it became durable. */
  readonly #transitions: Map<string, number>
  readonly #states: Map<string, string> = new Map()
  readonly #open: Map<string, string> = new Map()
  /** Written, and not synced yet. */
  #batch: Step[] = []
  /** Sequence of the last record that is known to be durable. Recovery writes older ones again. */
  #durable = 0
  #about = 'nothing yet'

  constructor(transitions: Map<string, number>) {
    this.#transitions = transitions
  }

  /** What the till is about: the last batch that was written, and what it waits for. */
  get state(): string {
    const open = [...new Set(this.#open.values())].sort()
    return `${this.#about}${open.length === 0 ? '' : `; open: ${open.join(' ')}`}`
  }

  /** An approval or the pivot is being written. */
  get isCritical(): boolean {
    return this.#batch.some(
      ({ input, events }) =>
        input.type === 'terminal.approved' || events.some(({ type }) => type === 'sale.paid'),
    )
  }

  get isPaying(): boolean {
    return [...this.#open.values()].some(kind => /^(pay|payback|reverse)$/.test(kind))
  }

  writing(path: string, bytes: Uint8Array): void {
    if (!isSegment(path)) return
    const steps = stepsAfter(this.#batch.at(-1)?.sequence ?? this.#durable, bytes)
    if (steps.length === 0) return
    this.#batch.push(...steps)
    this.#about = steps.map(aboutOf).join(' + ')
  }

  synced(path: string): void {
    if (!isSegment(path)) return
    for (const step of this.#batch) for (const event of step.events) this.#apply(step, event)
    this.#durable = this.#batch.at(-1)?.sequence ?? this.#durable
    this.#batch = []
  }

  died(): void {
    this.#batch = []
  }

  #apply({ input }: Step, event: Event): void {
    const { op, sale } = event
    if (event.type === 'op.opened' && op !== undefined) this.#open.set(op, event.operation?.kind ?? '')
    if (event.type === 'op.settled' && op !== undefined) this.#open.delete(op)
    const next = event.type === 'sale.opened' ? 'open' : NEXT[event.type]
    if (next === undefined || sale === undefined) return
    const key = `${this.#states.get(sale) ?? '·'} × ${input.type} → ${next}`
    this.#transitions.set(key, (this.#transitions.get(key) ?? 0) + 1)
    this.#states.set(sale, next)
  }
}

function aboutOf({ input, events }: Step): string {
  const what = events
    .filter(({ type }) => /^(sale|leg|claim|paper|approval|task)\./.test(type))
    .map(({ type, to }) => (to === undefined ? type : `${type}:${to}`))
  return `${input.type} [${[...new Set(what)].slice(0, 4).join(' ')}]`
}

/** A file of the journal that holds records; one that is only being made has another name. */
export function isSegment(path: string): boolean {
  return path.endsWith('.seg')
}

/**
 * The steps among the frames that come behind a sequence. A frame is 40 bytes, then its payload, padded to eight; length
 * at 8, sequence at 16 (its lower word is enough for a day), kind at 32.
 */
function stepsAfter(sequence: number, bytes: Uint8Array): readonly Step[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const steps: Step[] = []
  for (let offset = 0; offset + 40 < bytes.length; ) {
    if (view.getUint32(offset, true) !== FRAME_MAGIC) break
    const end = offset + 40 + view.getUint32(offset + 8, true)
    if (end > bytes.length) break
    const own = view.getUint32(offset + 16, true)
    if (bytes[offset + 32] === STEP && own > sequence) {
      const step = JSON.parse(decoder.decode(bytes.subarray(offset + 40, end)))
      if (Array.isArray(step.events)) steps.push({ sequence: own, input: step.input, events: step.events })
    }
    offset = Math.ceil(end / 8) * 8
  }
  return steps
}
