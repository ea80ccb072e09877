// The activation of prepaid cards as a plugin: which articles it wants, which operations it knows, what the paper says.
import {
  CashdeskError,
  type ClaimContext,
  type ClaimStanding,
  definePlugin,
  type PluginDefinition,
  type PluginFactory,
  type ReceiptBlock,
  text,
} from '@cashdesk/sdk'
import { PROFILES } from './profiles.ts'
import { operationCall, queryCall, type WireKind } from './request.ts'
import { type ActivationOptions, type Settings, settingsShape } from './settings.ts'
import { checkedProfile, type WireProfile } from './wire-profile.ts'

/** Articles of this group are cards, even where the catalog forgot to say which. */
const GROUP = 'contentcard'
/** Tender plugins that pay with a stored value: a gift card does not pay for a gift card. */
const STORED_VALUE = ['gift-card', 'stored-value']

/**
 * Reserves a card when its serial is scanned and activates it when the sale is paid.
 * The answer goes into `plugins` of `openTill`, which checks the options then.
 * @throws CashdeskError when the till opens: `config.invalid` naming the field, `config.secret`
 */
export function activation(options: ActivationOptions): PluginFactory {
  return {
    name: 'activation',
    configure: async resolve => {
      const { profile = 'cashdesk-1', ...settings } = options
      const wire = checkedProfile(typeof profile === 'string' ? PROFILES[profile] : profile)
      if (settings.deferral && !wire.deferrable)
        throw new CashdeskError('config.invalid', {
          problems: [`activation.deferral: the provider of the profile ${wire.name} does not permit it`],
        })
      return definePlugin(definitionOf(wire))(settings).configure(resolve)
    },
  }
}

function definitionOf(profile: WireProfile): PluginDefinition<Settings> {
  const { operations } = profile
  const describe = <Kind extends WireKind>(kind: Kind): Described<Kind> => {
    if (!operations[kind]) return {}
    const call: Describe = (context, op) => operationCall(profile, kind, context, op)
    // A computed key widens to an index signature; the key is exactly `Kind`.
    return { [kind]: call } as Described<Kind>
  }
  return {
    name: 'activation',
    version: '0.1.0',
    contract: 1,
    claims: 'line',
    config: settingsShape,
    secrets: ['user', 'password'],
    servers: ({ reservationServers, activationServers }) => ({
      reservation: reservationServers,
      activation: activationServers,
    }),
    wants,
    ...describe('reserve'),
    ...describe('renew'),
    ...describe('release'),
    ...describe('commit'),
    ...describe('void'),
    ...(profile.query ? { query: (context, op) => queryCall(profile, context, op) } : {}),
    offline: {
      reserve: profile.deferrable ? 'defer' : 'refuse',
      commit: 'queue',
      release: 'queue',
      void: 'queue',
    },
    ...(profile.deferrable ? { deferral: ({ deferral }) => deferral } : {}),
    beforePaper: true,
    notPaidBy: STORED_VALUE,
    profile: profile.patience,
    receipt: receiptBlocks,
  }
}

type Describe = NonNullable<PluginDefinition<Settings>['commit']>
type Described<Kind extends WireKind> = { readonly [kind in Kind]?: Describe }
type Wants = NonNullable<PluginDefinition<Settings>['wants']>

/** The product number stays with the claim: a release long after the line is gone still knows it. */
const wants: Wants = article => {
  const product = article.facts?.['prodid'] ?? undefined
  if (product !== undefined)
    return {
      ask: { kind: 'serial', text: 'Scan the serial number of the card' },
      subject: { prodid: String(product) },
    }
  // A card that could be sold but never activated: claimed without a question, and refused with the reason.
  return article.group === GROUP ? { subject: {} } : false
}

function receiptBlocks(context: ClaimContext<Settings>, standing: ClaimStanding): readonly ReceiptBlock[] {
  const { serial, line, operations } = context
  if ((line?.grossMinor ?? 0) < 0 || operations.void !== undefined) {
    if (standing === 'done') return [text(`Card ${serial} deactivated`)]
    return [text(standing === 'follows' ? 'Deactivation follows' : 'Not deactivated', { bold: true })]
  }
  if (standing === 'follows') return [text('Activation follows', { bold: true })]
  if (standing === 'refused') return [text('Not activated: refund due at the desk', { bold: true })]
  // In training nothing is sent, so nothing became active.
  return [text(operations.commit === undefined ? 'Training: card not activated' : `Card ${serial} active`)]
}
