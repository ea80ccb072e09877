// Payment terminals that speak ZVT.
export type { Charset } from './charset.ts'
export { zvtTerminal } from './driver.ts'
export { type Explained, type ExplainedField, explainZvt, type Problem } from './explain.ts'
export { ZVT_PORT } from './frames.ts'
export type { Profile } from './match.ts'
export type { RegistrationConfig, TerminalTimeouts, ZvtOptions } from './settings.ts'
