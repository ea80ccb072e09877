// Defining a plugin: what breaks the contract is found before a till opens, the configuration is checked once, and
// secrets are taken out of it before the plugin sees it.
import type { Call, ProviderOperation, ProviderProfile, ReadSpec } from '@cashdesk/kernel'
import { CashdeskError, reportOf } from '@cashdesk/kernel'
import { PIN_ENTRY_MS } from './device-limits.ts'
import type { CallDescription, Configured, Plugin, PluginDefinition, PluginFactory } from './plugin.ts'
import { checkDefinition, offlineOf } from './registration.ts'
import { isSecret, type Secret } from './secret.ts'

/** A provider is treated like this where its plugin does not say otherwise. */
export const DEFAULT_PROFILE: ProviderProfile = {
  timeoutMs: 5_000,
  reserveLimitMs: 8_000,
  retry: { firstMs: 500, factor: 2, maxMs: 60_000, jitter: 0.3 },
  onUnknown: 'repeat',
  taskAfterMs: 24 * 3_600_000,
  breaker: { failures: 5, coolMs: 15_000 },
}

/** While a customer enters a PIN the sale waits for that, too; and what carried a PIN is never sent again. */
const PROFILE_WITH_PIN: ProviderProfile = {
  ...DEFAULT_PROFILE,
  reserveLimitMs: DEFAULT_PROFILE.reserveLimitMs + PIN_ENTRY_MS,
  onUnknown: 'query',
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
  const { pin } = definition
  const profile: ProviderProfile = { ...(pin ? PROFILE_WITH_PIN : DEFAULT_PROFILE), ...definition.profile }
  const given = definition.servers?.(config) ?? []
  const servers = new Map(Object.entries(isList(given) ? { main: given } : given))
  return {
    name: definition.name,
    version: definition.version,
    secrets,
    servers,
    participant: {
      plugin: definition.name,
      claims: definition.claims,
      operations: OPERATIONS.filter(
        operation => definition[operation as keyof typeof definition] !== undefined,
      ),
      after: definition.after ?? [],
      beforePaper: definition.beforePaper ?? false,
      notPaidBy: definition.notPaidBy ?? [],
      offline: offlineOf(definition, config),
      profile,
      ...(pin ? { pin: true } : {}),
    },
    ...(pin ? { pin: (context, op) => pin({ ...context, config }, op) } : {}),
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
        const call = callOf(describe({ ...context, config }, op), profile.timeoutMs)
        checkPinPlace(definition, operation, call)
        return call
      } catch (thrown) {
        return { wire: 'none', error: reportOf(thrown, 'plugin.threw') }
      }
    },
    receipt: (context, standing, error) => definition.receipt?.({ ...context, config }, standing, error),
    readers: definition.readers ?? {},
    ...(definition.perform ? { perform: definition.perform } : {}),
  }
}

/** A PIN exists for the reservation alone, and one that is asked for is sent. On a wire of its own the plugin is handed it. */
function checkPinPlace<Config extends object>(
  { name, pin }: PluginDefinition<Config>,
  operation: ProviderOperation,
  call: Call,
): void {
  const carries = JSON.stringify(call).includes('{pin:')
  const carrier = pin !== undefined && operation === 'reserve'
  if (carries && !carrier)
    throw new CashdeskError('plugin.invalid', { plugin: name, problem: `no PIN is entered for ${operation}` })
  if (carrier && !carries && call.wire === 'http')
    throw new CashdeskError('plugin.invalid', {
      plugin: name,
      problem: 'it asks for a PIN and does not send it',
    })
}

/** What was scanned, typed or reported may not stand for a secret: it would be filled in on its way to the wire. */
function refuseSecretNames(context: object): void {
  if (namesSecret(context))
    throw new CashdeskError('value.malformed', { field: 'subject', problem: 'it names a secret' })
}

function namesSecret(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('{secret:') || value.includes('{pin:')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, each]) => namesSecret(name) || namesSecret(each))
}

function isList(servers: object): servers is readonly string[] {
  return Array.isArray(servers)
}

function callOf(description: CallDescription, timeoutMs: number): Call {
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
    servers: description.servers ?? 'main',
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
