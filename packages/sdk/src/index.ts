// What a cash register installs: open a till, sell, and define plugins.

export {
  CashdeskError,
  type DeferralLimits,
  type ErrorCode,
  type ErrorReport,
  explain,
  feed,
  formatAmount,
  formatMinor,
  type ProviderProfile,
  pair,
  qr,
  type ReadSpec,
  type ReceiptBlock,
  type RestrictedTemplate,
  restrictedTemplate,
  rule,
  text,
} from '@cashdesk/kernel'
export { type ArchiveOptions, type ArchiveReport, archiveJournal, KEEP_MS } from './archive.ts'
export { COMMAND_SCHEMAS, type Command, type Commands, type CommandType, parseCommand } from './commands.ts'
export { byField, DEFAULT_PROFILE, definePlugin } from './define.ts'
export {
  type DeviceListeners,
  Devices,
  type DevicesOptions,
  openDevices,
} from './devices.ts'
export type { TillListeners } from './listeners.ts'
export { nodeSecrets } from './node-ports.ts'
export { openTill } from './open.ts'
export type { CatalogArticle, Measured, RegisterStatus, TillOptions } from './options.ts'
export type {
  CallDescription,
  ClaimContext,
  ClaimStanding,
  Configured,
  OperationContext,
  PinWanted,
  Plugin,
  PluginDefinition,
  PluginFactory,
  StandardSchema,
} from './plugin.ts'
export { enteredPin } from './plugin.ts'
export { type Ended, type PaymentResult, type SaleEvents, SaleHandle } from './sale.ts'
export { publishedSchemas } from './schemas.ts'
export { isSecret, resolveSecret, type Secret, type SecretSource, secret } from './secret.ts'
export type { MoneyHooks, MoneyOrder, MoneyOutcome } from './terminal-orders.ts'
export {
  type ServiceCall,
  type TerminalCapability,
  TerminalService,
} from './terminal-service.ts'
export { type DayEnd, JOURNAL_FOLDER, type Recovered, Till, type TillEvent } from './till.ts'
export type { ClaimView, LineView, PaymentView, PromptView, SaleView, TaskView, TotalsView } from './view.ts'
