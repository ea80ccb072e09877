// The plugin contract: how a service takes part in the two-phase checkout. A plugin describes calls as data and never
// touches the world; what it declares is checked when it is defined and again when a till registers it.
import type {
  Answer,
  Article,
  Call,
  ClaimId,
  ErrorReport,
  Facts,
  HttpResponse,
  Json,
  LineId,
  OperationId,
  ParticipantConfig,
  ProviderOperation,
  ProviderProfile,
  ReadSpec,
  ReceiptBlock,
  SaleId,
  TenderId,
} from '@cashdesk/kernel'
import { CashdeskError, reportOf } from '@cashdesk/kernel'
import { isSecret, type Secret } from './secret.ts'

/** Any schema library that speaks Standard Schema v1 (zod, valibot, arktype …), as far as this contract uses it. */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]
    }

/** A line as plugins see it. Amounts in minor units, gross. */
export interface BasketLine {
  readonly line: LineId
  readonly article: Article
  readonly quantity: number
  readonly grossMinor: number
}

/** Everything a plugin may look at when it describes a call. */
export interface ClaimContext<Config> {
  /** With `{secret:name}` in place of every secret. */
  readonly config: Config
  readonly claim: ClaimId
  /** What was scanned, typed or identified for this claim. */
  readonly subject: Facts
  /** `subject.serial`, which most plugins want. */
  readonly serial: string
  /** What the provider reported so far. */
  readonly facts: Facts
  readonly line?: BasketLine
  readonly tender?: { readonly id: TenderId; readonly amountMinor: number }
  readonly sale: SaleId
  readonly lane: string
  readonly currency: string
  readonly operator?: string
  readonly basket: readonly BasketLine[]
  /** What the sale costs now. */
  readonly totalMinor: number
  readonly tenders: readonly { readonly by: string; readonly amountMinor: number }[]
  /** The latest operations of this claim by kind. */
  readonly operations: { readonly [operation in ProviderOperation]?: OperationId }
}

/** The operation that a call is described for. */
export interface OperationContext {
  /** The idempotency key for ever. */
  readonly id: OperationId
  /** What it renews, releases, commits, voids or refunds; for a query, what is asked about is `id`. */
  readonly about?: OperationId
  /** For a query: the kind of operation whose outcome is open. */
  readonly of?: ProviderOperation
  readonly amountMinor?: number
}

interface HttpDescription {
  /** Sent as `Idempotency-Key`. */
  readonly key?: OperationId
  /** In the order in which they are tried; the plugin's own servers if absent. */
  readonly servers?: readonly string[]
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Json
  /** The profile's if absent. */
  readonly timeoutMs?: number
  readonly read: ReadSpec | { readonly reader: string }
}

/** A call as an author writes it: one method with its path and query, or a payload for the plugin's own wire. */
export type CallDescription =
  | (HttpDescription & { readonly get: string })
  | (HttpDescription & { readonly post: string })
  | (HttpDescription & { readonly put: string })
  | (HttpDescription & { readonly delete: string })
  | { readonly own: Json; readonly timeoutMs?: number }

export type Describe<Config> = (context: ClaimContext<Config>, op: OperationContext) => CallDescription

/** How a claim stands when the receipt is printed. */
export type ClaimStanding = 'done' | 'follows' | 'refused'

export interface PluginDefinition<Config extends object> {
  /** Lower case, digits and dashes. */
  readonly name: string
  readonly version: string
  readonly contract: 1
  readonly claims: 'line' | 'basket' | 'tender'
  readonly config: StandardSchema<Config>
  /** Names of configuration fields that are secret, whoever wrote them down. */
  readonly secrets?: readonly string[]
  readonly servers?: (config: Config) => readonly string[]
  /** Line claims: does this plugin want the article, and what must be asked first? Called for every line that is added. */
  readonly wants?: (
    article: Article,
    config: Config,
  ) => { readonly ask?: { readonly kind: string; readonly text: string }; readonly subject?: Facts } | false
  /** Basket claims: does this scanned or typed code name something of ours? */
  readonly identify?: (code: string, config: Config) => Facts | false
  readonly quote?: Describe<Config>
  readonly reserve?: Describe<Config>
  readonly renew?: Describe<Config>
  readonly release?: Describe<Config>
  readonly commit?: Describe<Config>
  readonly void?: Describe<Config>
  readonly refund?: Describe<Config>
  readonly query?: Describe<Config>
  /** What may wait in the outbox when the line is down. Everything after the pivot must. */
  readonly offline: { readonly [operation in 'reserve' | 'commit' | 'release' | 'void']?: 'refuse' | 'queue' }
  /** Plugins whose commits go first. */
  readonly after?: readonly string[]
  /** The receipt waits for this commit, within its budget. */
  readonly beforePaper?: boolean
  /** Means of payment that may not pay for this. */
  readonly notPaidBy?: readonly string[]
  readonly profile?: Partial<ProviderProfile>
  readonly receipt?: (
    context: ClaimContext<Config>,
    standing: ClaimStanding,
    error?: ErrorReport,
  ) => readonly ReceiptBlock[]
  readonly readers?: { readonly [name: string]: (response: HttpResponse) => Answer }
  /** Performs calls described with `own`. Answers as the performer would: a doubt is `unknown`. */
  readonly perform?: (
    payload: Json,
    op: { readonly id: OperationId; readonly timeoutMs: number },
  ) => Promise<Answer>
}

/** A configured plugin, ready to be registered. Its configuration type is its own business. */
export interface Plugin {
  readonly name: string
  readonly version: string
  readonly participant: ParticipantConfig
  /** By name, for the performer alone. */
  readonly secrets: ReadonlyMap<string, string>
  wants(
    article: Article,
  ): { readonly ask?: { readonly kind: string; readonly text: string }; readonly subject?: Facts } | false
  identify(code: string): Facts | false
  /** Never throws: a plugin that fails is answered with a call that says so. */
  describe(
    operation: ProviderOperation,
    context: Omit<ClaimContext<unknown>, 'config'>,
    op: OperationContext,
  ): Call
  receipt(
    context: Omit<ClaimContext<unknown>, 'config'>,
    standing: ClaimStanding,
    error?: ErrorReport,
  ): readonly ReceiptBlock[] | undefined
  readonly readers: { readonly [name: string]: (response: HttpResponse) => Answer }
  readonly perform?: PluginDefinition<object>['perform']
}

/** What `openTill` takes: a plugin whose configuration is checked when the till opens. */
export interface PluginFactory {
  readonly name: string
  configure(resolve: (secret: Secret) => string): Promise<Plugin>
}

/** A provider is treated like this where its plugin does not say otherwise. */
export const DEFAULT_PROFILE: ProviderProfile = {
  timeoutMs: 5_000,
  reserveLimitMs: 8_000,
  retry: { firstMs: 500, factor: 2, maxMs: 60_000, jitter: 0.3 },
  onUnknown: 'repeat',
  taskAfterMs: 24 * 3_600_000,
  breaker: { failures: 5, coolMs: 15_000 },
}

const OPERATIONS: readonly ProviderOperation[] = [
  'quote',
  'reserve',
  'renew',
  'release',
  'commit',
  'void',
  'refund',
  'query',
]

/** The configuration an author's user writes: secrets may be references. */
export type Configured<Config> = {
  readonly [key in keyof Config]: Config[key] | (Config[key] extends string | undefined ? Secret : never)
}

/**
 * Defines a plugin. The answer configures it: `acme({ url, token: secret('env:ACME_TOKEN') })`.
 * @throws CashdeskError `plugin.invalid`, naming what breaks the contract
 */
export function definePlugin<Config extends object>(
  definition: PluginDefinition<Config>,
): (config: Configured<Config>) => PluginFactory {
  checkDefinition(definition)
  return given => ({
    name: definition.name,
    configure: async resolve => {
      const { config, secrets } = await readConfig(definition, given, resolve)
      return bind(definition, config, secrets)
    },
  })
}

function checkDefinition<Config extends object>(definition: PluginDefinition<Config>): void {
  const wrong = (problem: string): never => {
    throw new CashdeskError('plugin.invalid', { plugin: String(definition.name), problem })
  }
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(definition.name)) wrong('name: lower-case letters, digits and dashes')
  if (definition.contract !== 1) wrong('contract: this house speaks contract 1')
  if (!['line', 'basket', 'tender'].includes(definition.claims)) wrong('claims: line, basket or tender')
  if (definition.claims === 'line' && !definition.wants)
    wrong('a plugin that claims lines says which it `wants`')
  if (definition.claims === 'basket' && !definition.identify)
    wrong('a plugin that claims the basket says what it can `identify`')
  if (definition.claims === 'tender' && !(definition.reserve && definition.commit && definition.release)) {
    wrong('a tender reserves, commits and releases')
  }
  if (definition.reserve && !definition.release) wrong('what can be reserved must be released')
  if (!definition.commit && !definition.quote) wrong('it neither commits nor quotes anything')
  if (definition.offline.commit === 'refuse')
    wrong('offline.commit: what is paid must become true, so commits are queued')
  if (definition.offline.reserve === 'queue')
    wrong('offline.reserve: deferred reservations are not supported by this version')
  const onUnknown = definition.profile?.onUnknown
  if (onUnknown === 'query' && !definition.query) wrong('profile.onUnknown is `query`, but there is no query')
  if (definition.after?.includes(definition.name)) wrong('after: it cannot wait for itself')
}

async function readConfig<Config extends object>(
  definition: PluginDefinition<Config>,
  given: Configured<Config>,
  resolve: (secret: Secret) => string,
): Promise<{ config: Config; secrets: ReadonlyMap<string, string> }> {
  const plain: Record<string, unknown> = {}
  const names = new Set(definition.secrets ?? [])
  for (const [key, value] of Object.entries(given)) {
    if (isSecret(value)) names.add(key)
    plain[key] = isSecret(value) ? resolve(value) : value
  }
  const result = await definition.config['~standard'].validate(plain)
  if (result.issues) {
    const problems = result.issues.map(
      issue => `${definition.name}.${(issue.path ?? []).map(String).join('.')}: ${issue.message}`,
    )
    throw new CashdeskError('config.invalid', { problems })
  }
  const secrets = new Map<string, string>()
  const shown: Record<string, unknown> = Object.fromEntries(Object.entries(result.value))
  for (const name of names) {
    const value = shown[name]
    if (typeof value !== 'string') continue
    secrets.set(name, value)
    shown[name] = `{secret:${name}}`
  }
  // The shape is the schema's output; only secret strings were replaced by other strings.
  return { config: shown as Config, secrets }
}

function bind<Config extends object>(
  definition: PluginDefinition<Config>,
  config: Config,
  secrets: ReadonlyMap<string, string>,
): Plugin {
  const profile: ProviderProfile = { ...DEFAULT_PROFILE, ...definition.profile }
  const servers = definition.servers?.(config) ?? []
  return {
    name: definition.name,
    version: definition.version,
    secrets,
    participant: {
      plugin: definition.name,
      claims: definition.claims,
      operations: OPERATIONS.filter(
        operation => definition[operation as keyof typeof definition] !== undefined,
      ),
      after: definition.after ?? [],
      beforePaper: definition.beforePaper ?? false,
      notPaidBy: definition.notPaidBy ?? [],
      offline: { reserve: 'refuse' },
      profile,
    },
    wants: article => definition.wants?.(article, config) ?? false,
    identify: code => definition.identify?.(code, config) ?? false,
    describe: (operation, context, op) => {
      try {
        const describe = operation === 'identify' ? undefined : definition[operation]
        if (!describe)
          throw new CashdeskError('plugin.invalid', {
            plugin: definition.name,
            problem: `it has no ${operation}`,
          })
        refuseSecretNames(context)
        return callOf(describe({ ...context, config }, op), servers, profile.timeoutMs)
      } catch (thrown) {
        return { wire: 'none', error: reportOf(thrown, 'plugin.threw') }
      }
    },
    receipt: (context, standing, error) => definition.receipt?.({ ...context, config }, standing, error),
    readers: definition.readers ?? {},
    ...(definition.perform ? { perform: definition.perform } : {}),
  }
}

/** What was scanned, typed or reported may not stand for a secret: it would be filled in on its way to the wire. */
function refuseSecretNames(context: object): void {
  if (JSON.stringify(context).includes('{secret:'))
    throw new CashdeskError('value.malformed', { field: 'subject', problem: 'it names a secret' })
}

function callOf(description: CallDescription, servers: readonly string[], timeoutMs: number): Call {
  if ('own' in description)
    return { wire: 'own', payload: description.own, timeoutMs: description.timeoutMs ?? timeoutMs }
  const [method, path] =
    'get' in description
      ? (['GET', description.get] as const)
      : 'post' in description
        ? (['POST', description.post] as const)
        : 'put' in description
          ? (['PUT', description.put] as const)
          : (['DELETE', description.delete] as const)
  const json = description.body !== undefined
  return {
    wire: 'http',
    method,
    servers: description.servers ?? servers,
    path,
    headers: {
      ...(json ? { 'content-type': 'application/json' } : {}),
      ...(description.key === undefined ? {} : { 'idempotency-key': description.key }),
      ...description.headers,
    },
    ...(json ? { body: JSON.stringify(description.body) } : {}),
    timeoutMs: description.timeoutMs ?? timeoutMs,
    read: description.read,
  }
}

/** Checks plugins against each other. @throws CashdeskError `plugin.invalid` */
export function checkTogether(plugins: readonly Plugin[]): void {
  const names = new Set<string>()
  for (const { name } of plugins) {
    if (names.has(name))
      throw new CashdeskError('plugin.invalid', { plugin: name, problem: 'registered twice' })
    if (name === 'cash' || name === 'card')
      throw new CashdeskError('plugin.invalid', { plugin: name, problem: 'the name of a means of payment' })
    names.add(name)
  }
  const after = new Map(
    plugins.map(({ name, participant }) => [name, participant.after.filter(each => names.has(each))]),
  )
  const waits = (name: string, seen: readonly string[]): void => {
    if (seen.includes(name))
      throw new CashdeskError('plugin.invalid', {
        plugin: name,
        problem: `waits for itself: ${[...seen, name].join(' → ')}`,
      })
    for (const first of after.get(name) ?? []) waits(first, [...seen, name])
  }
  for (const { name } of plugins) waits(name, [])
}

/** Reads an answer by a field of its JSON body: `done`, `refused`, anything else is unknown. */
export function byField(
  name: string,
  values: { readonly done?: readonly string[]; readonly refused?: readonly string[] } = {},
): ReadSpec {
  return {
    done: [200],
    refused: [200, 409],
    notFound: [404],
    field: { name, done: values.done ?? ['done'], refused: values.refused ?? ['refused'] },
  }
}
