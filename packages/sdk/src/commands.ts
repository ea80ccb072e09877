// The register's commands as plain JSON, with the schema that is published and that everything handed in is checked
// against, once.
import {
  CashdeskError,
  type ErrorCode,
  type ErrorDetail,
  type Facts,
  type TaskAction,
} from '@cashdesk/kernel'
import { z } from 'zod'

const id = z.string().regex(/^[A-Za-z0-9._:/-]{1,64}$/)
const amount = z.int().min(-1_000_000_000_000).max(1_000_000_000_000)
const label = z.string().min(1).max(200)
const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

const article = z.strictObject({
  name: label,
  priceMinor: amount,
  vat: z.int().min(0).max(10_000).nullable(),
  gtin: z.string().optional(),
  group: label.optional(),
  facts: facts.optional(),
})

interface OnSale {
  /** The register's own number of the sale. */
  readonly sale: string
}

/** Every command a register can give, by its `type`. Amounts in minor units; ids are the register's own. */
export interface Commands {
  readonly open: OnSale & {
    readonly type: 'open'
    readonly kind?: 'sale' | 'void' | 'return' | undefined
    /** `register`: the register owns basket and payment, and says when it is paid. */
    readonly owner?: 'till' | 'register' | undefined
    /** For voids and returns. */
    readonly original?: string | undefined
    readonly operator?: string | undefined
    readonly shift?: string | undefined
    readonly training?: boolean | undefined
  }
  readonly add: OnSale & {
    readonly type: 'add'
    readonly line: string
    readonly gtin?: string | undefined
    readonly article?: CommandArticle | undefined
    readonly quantity?: number | undefined
    /** For returns: the line of the original sale. */
    readonly of?: string | undefined
    readonly serial?: string | undefined
  }
  readonly voidLine: OnSale & { readonly type: 'voidLine'; readonly line: string }
  readonly answer: OnSale & { readonly type: 'answer'; readonly prompt: string; readonly value: string }
  readonly claim: OnSale & { readonly type: 'claim'; readonly code: string }
  readonly total: OnSale & { readonly type: 'total' }
  readonly reopen: OnSale & { readonly type: 'reopen' }
  readonly pay: OnSale & {
    readonly type: 'pay'
    /** The register's own id of this attempt. */
    readonly id: string
    /** `cash`, `card`, or the name of a tender plugin. */
    readonly by: string
    /** Always positive; `rest` if absent. */
    readonly amount?: 'rest' | number | undefined
    /** Cash only: what the customer handed over. */
    readonly given?: number | undefined
    /** This card pays a part, and another one the rest. */
    readonly split?: boolean | undefined
    /** What a tender plugin needs: a card number, a code. */
    readonly subject?: Facts | undefined
  }
  readonly paid: OnSale & {
    readonly type: 'paid'
    readonly revision: number
    readonly totalMinor: number
    readonly reference: string
  }
  readonly park: OnSale & { readonly type: 'park' }
  readonly resume: OnSale & { readonly type: 'resume' }
  readonly cancel: OnSale & { readonly type: 'cancel'; readonly reason?: string | undefined }
  readonly finish: OnSale & { readonly type: 'finish'; readonly commitBudgetMs?: number | undefined }
  readonly print: OnSale & { readonly type: 'print' }
  readonly fiscal: OnSale & {
    readonly type: 'fiscal'
    readonly lines: readonly string[]
    readonly qr?: string | undefined
  }
  readonly resolve: {
    readonly type: 'resolve'
    readonly task: string
    readonly action: TaskAction
    readonly operator: string
    readonly reason: string
  }
}

/** An article that the register brings itself. */
export interface CommandArticle {
  readonly name: string
  readonly priceMinor: number
  /** Hundredths of a percent; null for multi-purpose vouchers. */
  readonly vat: number | null
  readonly gtin?: string | undefined
  readonly group?: string | undefined
  readonly facts?: Facts | undefined
}

export type CommandType = keyof Commands
/** One command, checked. */
export type Command<Type extends CommandType = CommandType> = Commands[Type]

/** The published schema of every command. */
export const COMMAND_SCHEMAS: { readonly [type in CommandType]: z.ZodType<Commands[type]> } = {
  open: z.strictObject({
    type: z.literal('open'),
    sale: id,
    kind: z.enum(['sale', 'void', 'return']).optional(),
    owner: z.enum(['till', 'register']).optional(),
    original: id.optional(),
    operator: label.optional(),
    shift: label.optional(),
    training: z.boolean().optional(),
  }),
  add: z.strictObject({
    type: z.literal('add'),
    sale: id,
    line: id,
    gtin: z.string().max(20).optional(),
    article: article.optional(),
    quantity: z.number().optional(),
    of: id.optional(),
    serial: z.string().max(64).optional(),
  }),
  voidLine: z.strictObject({ type: z.literal('voidLine'), sale: id, line: id }),
  answer: z.strictObject({
    type: z.literal('answer'),
    sale: id,
    prompt: z.string().max(120),
    value: z.string().max(200),
  }),
  claim: z.strictObject({ type: z.literal('claim'), sale: id, code: z.string().min(1).max(200) }),
  total: z.strictObject({ type: z.literal('total'), sale: id }),
  reopen: z.strictObject({ type: z.literal('reopen'), sale: id }),
  pay: z.strictObject({
    type: z.literal('pay'),
    sale: id,
    id,
    by: z.string().max(40),
    amount: z.union([z.literal('rest'), amount]).optional(),
    given: amount.optional(),
    split: z.boolean().optional(),
    subject: facts.optional(),
  }),
  paid: z.strictObject({
    type: z.literal('paid'),
    sale: id,
    revision: z.int(),
    totalMinor: amount,
    reference: z.string().min(1).max(100),
  }),
  park: z.strictObject({ type: z.literal('park'), sale: id }),
  resume: z.strictObject({ type: z.literal('resume'), sale: id }),
  cancel: z.strictObject({ type: z.literal('cancel'), sale: id, reason: z.string().max(200).optional() }),
  finish: z.strictObject({ type: z.literal('finish'), sale: id, commitBudgetMs: z.int().min(0).optional() }),
  print: z.strictObject({ type: z.literal('print'), sale: id }),
  fiscal: z.strictObject({
    type: z.literal('fiscal'),
    sale: id,
    lines: z.array(z.string().max(200)).max(40),
    qr: z.string().max(2000).optional(),
  }),
  resolve: z.strictObject({
    type: z.literal('resolve'),
    task: z.string().max(64),
    action: z.enum(['retry', 'booked', 'not-booked', 'reversed', 'not-reversed', 'settled', 'written-off']),
    operator: label,
    reason: label,
  }),
}

const AMOUNT_FIELDS: ReadonlySet<string> = new Set(['amount', 'given', 'totalMinor', 'priceMinor'])
const ID_FIELDS: ReadonlySet<string> = new Set(['sale', 'line', 'id', 'original', 'of'])

/**
 * Checks a command.
 * @throws CashdeskError `value.amount`, `value.id` or `value.malformed`, naming the field
 */
export function parseCommand<Type extends CommandType>(type: Type, given: unknown): Command<Type> {
  const schema: z.ZodType = COMMAND_SCHEMAS[type]
  const result = schema.safeParse(given)
  // The schema was chosen by `type`, so its output is that command.
  if (result.success) return result.data as Command<Type>
  const [issue] = result.error.issues
  const field = issue?.path.findLast(part => typeof part === 'string') ?? ''
  const name = String(field)
  const detail: ErrorDetail = {
    command: type,
    field: (issue?.path ?? []).map(String).join('.'),
    problem: issue?.message ?? '',
  }
  throw new CashdeskError(codeFor(name), detail)
}

function codeFor(field: string): ErrorCode {
  if (AMOUNT_FIELDS.has(field)) return 'value.amount'
  return ID_FIELDS.has(field) ? 'value.id' : 'value.malformed'
}
