// Prepaid card activation for Cashdesk.

export { activation } from './activation.ts'
export { PROFILES, type ProfileName } from './profiles.ts'
export type { ActivationOptions } from './settings.ts'
export {
  type Parameter,
  type ParameterSource,
  type RefusalCode,
  type ServerRole,
  type WireAnswer,
  type WireOperation,
  type WireOperations,
  type WireProfile,
  type WireQuery,
  wireProfileShape,
} from './wire-profile.ts'
