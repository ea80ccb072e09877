// Watches a plugin while it is driven: every call that it describes is kept, described a second time, and compared; a
// wire of its own goes through the same accidents as HTTP.
import type { Answer, Call, HttpResponse, Json, OperationId, ProviderOperation } from '@cashdesk/kernel'
import { report, reportOf, unknown } from '@cashdesk/kernel'
import type { ClaimContext, OperationContext, Plugin, PluginFactory } from './plugin.ts'
import type { Sent, World } from './testing-world.ts'

/** One call as it was described. */
export interface Described {
  readonly operation: ProviderOperation
  readonly op: OperationContext
  readonly context: Omit<ClaimContext<unknown>, 'config'>
  readonly call: Call
  /** The same question gave the same answer. */
  readonly same: boolean
}

export interface Watched {
  readonly factory: PluginFactory
  readonly described: Described[]
  /** The plugin as it was configured last. */
  plugin(): Plugin | undefined
}

export function watch(factory: PluginFactory, world: World): Watched {
  const described: Described[] = []
  let configured: Plugin | undefined
  return {
    described,
    plugin: () => configured,
    factory: {
      name: factory.name,
      configure: async resolve => {
        configured = await factory.configure(resolve)
        return watched(configured, described, world)
      },
    },
  }
}

function watched(plugin: Plugin, described: Described[], world: World): Plugin {
  const { perform } = plugin
  return {
    name: plugin.name,
    version: plugin.version,
    participant: plugin.participant,
    secrets: plugin.secrets,
    servers: plugin.servers,
    readers: plugin.readers,
    wants: article => plugin.wants(article),
    identify: code => plugin.identify(code),
    receipt: (context, standing, error) => plugin.receipt(context, standing, error),
    describe: (operation, context, op) => {
      const call = plugin.describe(operation, context, op)
      const again = plugin.describe(operation, context, op)
      described.push({ operation, op, context, call, same: JSON.stringify(call) === JSON.stringify(again) })
      return call
    },
    ...(perform ? { perform: (payload, op) => performOver(world, payload, op, perform) } : {}),
  }
}

type Perform = NonNullable<Plugin['perform']>

async function performOver(
  world: World,
  payload: Json,
  op: { readonly id: OperationId; readonly timeoutMs: number },
  perform: Perform,
): Promise<Answer> {
  const request = {
    method: 'POST',
    url: 'own:',
    headers: {},
    body: JSON.stringify(payload),
    timeoutMs: op.timeoutMs,
  } as const
  try {
    const answer = await world.exchange(request, () => perform(payload, op))
    return isResponse(answer) ? unknown(report('provider.malformed')) : answer
  } catch (thrown) {
    const { code } = reportOf(thrown, 'provider.no-answer')
    return unknown(report(code === 'http.not-sent' ? 'provider.unreachable' : 'provider.no-answer'))
  }
}

function isResponse(answer: Answer | HttpResponse): answer is HttpResponse {
  return 'status' in answer
}

/** Whether a request is the described call, with the secrets filled in. */
export function isCallOf({ call }: Described, { request }: Sent): boolean {
  if (call.wire === 'none') return false
  if (call.wire === 'own') return request.body === JSON.stringify(call.payload)
  const same = (described: string, sent: string): boolean => filledIn(described).test(sent)
  return (
    call.method === request.method &&
    same(call.path, request.url) &&
    same(call.body ?? '', request.body ?? '') &&
    Object.entries(call.headers).every(([name, value]) => same(value, request.headers[name] ?? ''))
  )
}

function filledIn(template: string): RegExp {
  const parts = template.split(/\{secret:[A-Za-z0-9_-]+\}/)
  return new RegExp(`${parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's')
}
