// The published shapes of everything that crosses the sdk's surface: commands as they are checked, and what the till
// answers. Written to docs/schemas for registers in other languages; readers should let unknown fields pass.
import {
  type DeviceHealth,
  ERRORS,
  type ErrorCode,
  type ErrorReport,
  type Facts,
  SALE_STATES,
} from '@cashdesk/kernel'
import { z } from 'zod'
import { COMMAND_SCHEMAS } from './commands.ts'
import type { PaymentResult } from './sale.ts'
import type { Recovered } from './till.ts'
import type { ClaimView, PaymentView, PromptView, TaskView, TotalsView } from './view.ts'

const minor = z.int().describe('Minor units of the currency: 1999 is 19.99')
const epochMs = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z on the till’s clock')
const facts: z.ZodType<Facts> = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .meta({ id: 'facts' })

// The table has every code once; its keys are the codes.
const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

const errorReport: z.ZodType<ErrorReport> = z
  .object({
    code: z.enum(codes).describe('See docs/errors.md'),
    message: z.string().describe('What happened'),
    outcome: z.enum(['none', 'done', 'unknown']).describe('What it means for the money'),
    retry: z.enum(['same', 'new', 'never']),
    next: z.string().describe('What to do now'),
    detail: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]))
      .exactOptional(),
  })
  .meta({ id: 'error' })

const article = z.object({
  name: z.string(),
  priceMinor: minor,
  vat: z.int().nullable().describe('Hundredths of a percent: 1900 is 19 %'),
  gtin: z.string().exactOptional(),
  group: z.string().exactOptional(),
  facts: facts.exactOptional(),
})

const lineView = z.object({
  id: z.string(),
  article,
  quantity: z.int(),
  grossMinor: minor,
  state: z.enum(['active', 'voided', 'refused']),
  error: errorReport.exactOptional(),
})

const claimView: z.ZodType<ClaimView> = z
  .object({
    id: z.string(),
    plugin: z.string(),
    line: z.string().exactOptional(),
    serial: z.string().exactOptional(),
    subject: facts,
    facts,
    state: z.string(),
    text: z.string().describe('For a screen or the paper'),
    error: errorReport.exactOptional(),
  })
  .meta({ id: 'claim' })

const paymentView: z.ZodType<PaymentView> = z
  .object({
    id: z.string(),
    by: z.string(),
    state: z.string(),
    askedMinor: minor,
    amountMinor: minor,
    givenMinor: minor.exactOptional(),
    changeMinor: minor.exactOptional(),
    tipMinor: minor.exactOptional(),
    facts: facts.exactOptional(),
    reference: z.string().exactOptional(),
    slip: z
      .array(
        z.object({
          receipt: z.enum(['merchant', 'customer', 'admin']),
          text: z.string(),
          align: z.enum(['left', 'center', 'right']).exactOptional(),
          doubleWidth: z.boolean().exactOptional(),
          doubleHeight: z.boolean().exactOptional(),
        }),
      )
      .exactOptional()
      .describe('The terminal’s own receipts about it, line by line'),
    error: errorReport.exactOptional(),
  })
  .meta({ id: 'payment' })

const promptView: z.ZodType<PromptView> = z.object({
  id: z.string(),
  kind: z.string(),
  text: z.string(),
  line: z.string().exactOptional(),
})

const totalsView: z.ZodType<TotalsView> = z.object({
  linesMinor: minor,
  adjustmentsMinor: minor,
  tipMinor: minor,
  roundingMinor: minor,
  totalMinor: minor,
  paidMinor: minor,
  changeMinor: minor,
  openMinor: minor,
})

const taskView: z.ZodType<TaskView> = z
  .object({
    id: z.string(),
    kind: z.enum([
      'refund-due',
      'payment-unresolved',
      'reversal-unresolved',
      'customer-owed',
      'tender-short',
      'provider-stuck',
      'void-refused',
      'books-differ',
    ]),
    sale: z.string().exactOptional(),
    amountMinor: minor.exactOptional(),
    since: epochMs,
    error: errorReport,
    actions: z.array(z.string()),
  })
  .meta({ id: 'task' })

const saleState = z.enum(SALE_STATES)
const paper = z.object({ state: z.string(), error: errorReport.exactOptional() })

const saleView = z
  .object({
    id: z.string(),
    kind: z.enum(['sale', 'void', 'return']),
    owner: z.enum(['till', 'register']),
    state: saleState,
    currency: z.string(),
    revision: z.int(),
    training: z.boolean(),
    operator: z.string().exactOptional(),
    shift: z.string().exactOptional(),
    original: z.string().exactOptional(),
    ready: z.boolean(),
    waitsFor: z.array(z.enum(['prompt', 'provider', 'terminal', 'printer'])),
    lines: z.array(lineView),
    claims: z.array(claimView),
    payments: z.array(paymentView),
    prompts: z.array(promptView),
    totals: totalsView,
    paper,
    tasks: z.array(taskView),
  })
  .meta({ id: 'sale' })

const paymentResult: z.ZodType<PaymentResult> = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done'), payment: paymentView, openMinor: minor }),
  z.object({ outcome: z.literal('refused'), error: errorReport, payment: paymentView.exactOptional() }),
  z.object({
    outcome: z.literal('unknown'),
    error: errorReport,
    payment: paymentView,
    task: taskView.exactOptional(),
  }),
])

const ended = z.object({ state: saleState, claims: z.array(claimView), paper, view: saleView })

const recovered: z.ZodType<Recovered> = z.object({
  sale: z.string(),
  state: saleState,
  claims: z.array(z.object({ plugin: z.string(), serial: z.string().exactOptional(), state: z.string() })),
})

const deviceHealth: z.ZodType<DeviceHealth> = z.object({
  family: z.enum(['scanner', 'terminal', 'printer', 'nfc', 'pinpad']),
  name: z.string(),
  state: z.enum(['closed', 'opening', 'ready', 'busy', 'absent', 'failed']),
  trouble: errorReport.exactOptional(),
  counts: z.record(z.string(), z.number()),
  facts,
})

/** The envelope. What kinds of events there are, and their fields, may grow with every release. */
const tillEvent = z.object({
  record: z.int().min(1).describe('Pass the last one seen as `after`'),
  at: epochMs,
  events: z.array(z.looseObject({ type: z.string() })),
})

/** What the till answers, by the name under which its schema is published. */
const ANSWERS: { readonly [name: string]: z.ZodType } = {
  'sale-view': saleView,
  'payment-result': paymentResult,
  ended,
  'task-view': taskView,
  recovered,
  'till-event': tillEvent,
  'device-health': deviceHealth,
  'error-report': errorReport,
}

/** Every published schema by the name of its file, JSON Schema draft 2020-12. */
export function publishedSchemas(): { readonly [file: string]: object } {
  const answers = Object.entries(ANSWERS).map(([name, schema]) => [
    `${name}.json`,
    // As readers see it: fields that later releases add are let through.
    { title: name, ...z.toJSONSchema(schema, { io: 'input' }) },
  ])
  const commands = z.union(Object.values(COMMAND_SCHEMAS))
  return Object.fromEntries([
    ['commands.json', { title: 'commands', ...z.toJSONSchema(commands, { io: 'input' }) }],
    ...answers,
  ])
}
