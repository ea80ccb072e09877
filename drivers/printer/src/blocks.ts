// What a receipt's blocks must hold, asked before any of them is laid out: documents also come from JSON and from plugins
// that no compiler has seen, and a block that is none must be named while nothing has been sent yet.
import { type ErrorReport, type ReceiptBlock, report } from '@cashdesk/kernel'

/** Answers what the value must be, or undefined when it is that. */
type Check = (value: unknown) => string | undefined

interface Shape {
  readonly needs: { readonly [field: string]: Check }
  readonly may?: { readonly [field: string]: Check }
}

/** More are not named: a document that is wrong in every block is wrong in one way. */
const MAX_NAMED = 20

const text: Check = value => (typeof value === 'string' ? undefined : 'must be text')
const flag: Check = value => (typeof value === 'boolean' ? undefined : 'must be true or false')
const number: Check = value => (Number.isFinite(value) ? undefined : 'must be a number')
const oneOf =
  (...values: readonly unknown[]): Check =>
  value =>
    values.includes(value) ? undefined : `must be ${values.join(', ')}`
const listOf =
  (each: Check): Check =>
  value => {
    if (!Array.isArray(value)) return 'must be a list'
    const wrong = value.map(each).find(said => said !== undefined)
    return wrong === undefined ? undefined : `must be a list in which each ${wrong}`
  }

const align = oneOf('left', 'center', 'right')
const style = { bold: flag, size: oneOf(1, 2) }
const column: Check = value => {
  if (!isRecord(value)) return 'must be a column'
  // The layout makes something of every number.
  if (typeof value['width'] !== 'number') return "must have a 'width' that is a number"
  return value['align'] === undefined ? undefined : align(value['align'])
}

const SHAPES: { readonly [kind in ReceiptBlock['block']]: Shape } = {
  text: { needs: { text }, may: { align, ...style } },
  pair: { needs: { label: text, value: text }, may: style },
  table: { needs: { columns: listOf(column), rows: listOf(listOf(text)) } },
  rule: { needs: {} },
  feed: { needs: { lines: number } },
  qr: { needs: { data: text }, may: { moduleSize: number } },
  barcode: { needs: { symbology: oneOf('ean13', 'ean8', 'code128'), data: text } },
  pdf417: { needs: { data: text } },
  image: { needs: { png: text }, may: { align, widthDots: number } },
  fiscal: { needs: { lines: listOf(text) }, may: { qr: text } },
}

/** `printer.wrong-block` with the places of the blocks (from 0) and what is wrong in each; undefined when all are well. */
export function wrongBlocks(document: unknown): ErrorReport | undefined {
  if (!isRecord(document) || !Array.isArray(document['blocks'])) {
    return report('printer.wrong-block', { reason: 'the document has no list of blocks' })
  }
  const found: { readonly place: number; readonly said: string }[] = []
  for (const [place, block] of document['blocks'].entries()) {
    const said = wrongIn(block)
    if (said !== undefined) found.push({ place, said })
    if (found.length >= MAX_NAMED) break
  }
  if (found.length === 0) return undefined
  return report('printer.wrong-block', {
    blocks: found.map(({ place }) => String(place)),
    mistakes: found.map(({ place, said }) => `block ${place}: ${said}`),
  })
}

function wrongIn(block: unknown): string | undefined {
  if (!isRecord(block)) return 'is no object'
  const kind = block['block']
  if (typeof kind !== 'string') return "has no 'block' that says what it is"
  if (!isKind(kind)) return `'${kind.slice(0, 40)}' is none of ${Object.keys(SHAPES).join(', ')}`
  const { needs, may = {} } = SHAPES[kind]
  for (const [field, check] of Object.entries(needs)) {
    const said = check(block[field])
    if (said !== undefined) return `'${field}' of '${kind}' ${said}`
  }
  for (const [field, check] of Object.entries(may)) {
    const said = block[field] === undefined ? undefined : check(block[field])
    if (said !== undefined) return `'${field}' of '${kind}' ${said}`
  }
  return undefined
}

function isKind(kind: string): kind is ReceiptBlock['block'] {
  return Object.hasOwn(SHAPES, kind)
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null
}
