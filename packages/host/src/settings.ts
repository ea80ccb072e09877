// What the host's program was told, by flags and by the environment. Secrets come from the environment or from a file,
// never from a flag that other users of the machine can read.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CashdeskError } from '@cashdesk/kernel'
import { z } from 'zod'
import type { Policy } from './rules.ts'
import { type User, usersShape } from './shapes.ts'
import type { HostOptions, StoreChoice } from './start.ts'

export const HELP = `The reference back end of Cashdesk: activates ContentCards (docs/host-activation.md).

  --port N             default 8440; 0 takes any free one
  --address A          default 127.0.0.1
  --store KIND         postgres | embedded | memory; default: postgres when DATABASE_URL is set, else embedded
  --dir DIR            of the embedded database, default .cashdesk/host
  --snapshot FILE      keeps the memory store's books in FILE (development)
  --seed FILE          articles and cards, JSON
  --users FILE         merchants, JSON: [{"user","pass","cspid"?}]
  --reservation-ms N   how long a card is held, default 900000
  --void-window-ms N   how long an activation can be voided, default 86400000
  --reservation-required   refuse an activation whose reservation is unknown
  --accidents          let POST /accidents make this host misbehave (development)
  --with-parent        end when stdin ends
  --log LEVEL          trace | debug | info | warn | error | silent, default warn
  --help

Environment: DATABASE_URL, CASHDESK_HOST_USERS (JSON as in --users), CASHDESK_HOST_ADMIN_TOKEN.
Ready: one line of JSON on stdout, {"host":"http://127.0.0.1:8440","store":"embedded"}. Exit 2: could not start.
`

export interface Settings {
  readonly host: Omit<HostOptions, 'log'>
  readonly logLevel: NonNullable<HostOptions['log']>['level']
  readonly withParent: boolean
}

type Environment = { readonly [name: string]: string | undefined }

const flagsShape = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(8_440),
  address: z.string().min(1).exactOptional(),
  store: z.enum(['postgres', 'embedded', 'memory']).exactOptional(),
  dir: z.string().min(1).default(join('.cashdesk', 'host')),
  snapshot: z.string().min(1).exactOptional(),
  seed: z.string().min(1).exactOptional(),
  users: z.string().min(1).exactOptional(),
  'reservation-ms': z.coerce.number().int().min(1).max(86_400_000).exactOptional(),
  'void-window-ms': z.coerce.number().int().min(0).max(31_536_000_000).exactOptional(),
  'reservation-required': z.boolean().default(false),
  accidents: z.boolean().default(false),
  'with-parent': z.boolean().default(false),
  log: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})
type Flags = z.output<typeof flagsShape>

/** Answers `help` when that was asked for. @throws CashdeskError `config.invalid` naming the flag or variable */
export function readSettings(args: readonly string[], env: Environment): Settings | 'help' {
  const given = givenFlags(args)
  if (given['help'] === true) return 'help'
  const flags = valid('flags', flagsShape, given)
  const users = usersOf(flags, env)
  const adminToken = env['CASHDESK_HOST_ADMIN_TOKEN']
  return {
    host: {
      store: storeOf(flags, env),
      port: flags.port,
      policy: policyOf(flags),
      accidents: flags.accidents,
      ...(flags.address === undefined ? {} : { address: flags.address }),
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(users === undefined ? {} : { users }),
      ...(adminToken ? { adminToken } : {}),
    },
    logLevel: flags.log,
    withParent: flags['with-parent'],
  }
}

function givenFlags(args: readonly string[]): { readonly [name: string]: unknown } {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    port: text,
    address: text,
    store: text,
    dir: text,
    snapshot: text,
    seed: text,
    users: text,
    'reservation-ms': text,
    'void-window-ms': text,
    'reservation-required': flag,
    accidents: flag,
    'with-parent': flag,
    log: text,
    help: flag,
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values
  } catch (thrown) {
    throw invalid('flags', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function storeOf(flags: Flags, env: Environment): StoreChoice {
  const url = env['DATABASE_URL']
  const kind = flags.store ?? (url ? 'postgres' : 'embedded')
  if (flags.snapshot !== undefined && kind !== 'memory') throw invalid('snapshot', 'only with --store memory')
  if (kind === 'memory') return flags.snapshot === undefined ? { kind } : { kind, snapshot: flags.snapshot }
  if (kind === 'embedded') return { kind, dir: flags.dir }
  if (!url) throw invalid('DATABASE_URL', 'missing')
  return { kind, url }
}

function policyOf(flags: Flags): Partial<Policy> {
  const { 'reservation-ms': reservationMs, 'void-window-ms': voidWindowMs } = flags
  return {
    commitWithoutReservation: !flags['reservation-required'],
    ...(reservationMs === undefined ? {} : { reservationMs }),
    ...(voidWindowMs === undefined ? {} : { voidWindowMs }),
  }
}

function usersOf(flags: Flags, env: Environment): readonly User[] | undefined {
  const variable = env['CASHDESK_HOST_USERS']
  if (flags.users !== undefined) return parsedUsers('users', readText(flags.users))
  return variable ? parsedUsers('CASHDESK_HOST_USERS', variable) : undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw invalid('users', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

/** A parser's message may quote its input, which holds passwords: it is not repeated. */
function parsedUsers(field: string, json: string): readonly User[] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw invalid(field, 'not JSON')
  }
  return valid(field, usersShape, value)
}

function valid<T>(field: string, shape: z.ZodType<T>, value: unknown): T {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.code}`)
  throw invalid(field, places.join(', '))
}

function invalid(field: string, reason: string): CashdeskError {
  return new CashdeskError('config.invalid', { field, reason })
}
