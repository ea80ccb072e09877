// Everything that enters the host from outside the process, parsed once at the boundary: rows, files, settings.
import { gtin } from '@cashdesk/kernel'
import { z } from 'zod'
import type { Answer, Article, Card, CardState, HistoryEntry, Operation, Seed } from './books.ts'

const word = (longest: number): z.ZodString => z.string().regex(new RegExp(`^[A-Za-z0-9._-]{1,${longest}}$`))

/** The number printed on a card. */
export const serialShape: z.ZodString = word(64)
/** An article in the provider's numbering, and other short names of the exchange. */
export const nameShape: z.ZodString = word(32)
/** An operation id, in lower case whatever was sent. */
export const operationIdShape: z.ZodType<string, string> = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/)
  .transform(id => id.toLowerCase())

const isGtin = (value: string): boolean => {
  try {
    return gtin(value) === value
  } catch {
    return false
  }
}

export const articleShape: z.ZodType<Article> = z.strictObject({
  prodid: nameShape,
  name: z.string().min(1).max(200),
  gtin: z.string().refine(isGtin, 'a GTIN of 8, 13 or 14 digits with the right check digit'),
})

export const seedShape: z.ZodType<Seed> = z.strictObject({
  articles: z.array(articleShape).max(10_000),
  cards: z.array(z.strictObject({ serial: serialShape, prodid: nameShape })).max(1_000_000),
})

export const cardStateShape: z.ZodType<CardState> = z.enum(['free', 'reserved', 'active', 'voided'])

export const cardShape: z.ZodType<Card> = z.object({
  serial: z.string(),
  prodid: z.string(),
  state: cardStateShape,
  holder: z.string().nullable(),
  heldUntil: z.number().nullable(),
  activatedBy: z.string().nullable(),
  activatedAt: z.number().nullable(),
})

const results = [
  'reserved',
  'activated',
  'released',
  'renewed',
  'voided',
  'refused',
  'not-found',
  'pending',
] as const
const reasons = [
  'already-active',
  'wrong-article',
  'unknown-serial',
  'taken',
  'expired',
  'released',
  'too-late',
  'not-allowed',
] as const

export const answerShape: z.ZodType<Answer> = z.object({
  result: z.enum(results),
  operation: z.string(),
  serial: z.string().exactOptional(),
  reason: z.enum(reasons).exactOptional(),
  expiresInMs: z.int().nonnegative().exactOptional(),
  activatedAt: z.string().exactOptional(),
  original: z.literal(true).exactOptional(),
})

export const operationShape: z.ZodType<Operation> = z.object({
  id: z.string(),
  kind: z.enum(['reserve', 'activate', 'release', 'renew', 'void', 'buried']),
  owner: z.string(),
  payload: z.string(),
  serial: z.string(),
  state: z.enum([
    'reserved',
    'activated',
    'released',
    'renewed',
    'voided',
    'lost',
    'refused',
    'not-found',
    'buried',
  ]),
  partner: z.string().nullable(),
  answer: answerShape.nullable(),
  at: z.number(),
})

export const historyShape: z.ZodType<HistoryEntry> = z.object({
  serial: z.string(),
  at: z.number(),
  event: z.enum(['reserved', 'renewed', 'released', 'lost', 'activated', 'voided']),
  operation: z.string(),
  by: z.string(),
})

/** A merchant who may use the exchange. Without `cspid` any shop is accepted. */
export interface User {
  readonly user: string
  readonly pass: string
  readonly cspid?: string
}

export const usersShape: z.ZodType<readonly User[]> = z
  .array(
    z.strictObject({
      user: z.string().min(1).max(128),
      pass: z.string().min(1).max(128),
      cspid: nameShape.exactOptional(),
    }),
  )
  .max(10_000)
