// A till as a shop writes it down: one JSON document. Its types stand here; the schema is in config-shape.ts.

import type { NfcOptions } from '@cashdesk/nfc'
import type { PinpadOptions } from '@cashdesk/pinpad'
import type { ProfileName, WireProfile } from '@cashdesk/plugin-activation'
import type { DrawerOptions } from '@cashdesk/printer'
import type { Framing, HidScannerOptions } from '@cashdesk/scanner'
import type { CatalogArticle, DeferralLimits, Secret } from '@cashdesk/sdk'
import type { ZvtOptions } from '@cashdesk/terminal'
import type { SerialOptions, UsbOptions } from '@cashdesk/transport'

interface TcpPlace {
  readonly kind: 'tcp'
  readonly host: string
  readonly port?: number
}

export interface SerialPlace extends Omit<SerialOptions, 'name' | 'openTimeoutMs'> {
  readonly kind: 'serial'
}

export interface FilePlace {
  readonly kind: 'file'
  readonly path: string
}

/** A printer that only the spooler of Windows reaches: no print on it is ever known to be done. */
export interface SpoolerPlace {
  readonly kind: 'spooler'
  readonly printer: string
}

export interface UsbPlace extends Omit<UsbOptions, 'name' | 'openTimeoutMs'> {
  readonly kind: 'usb'
}

interface ScannerSettings extends Framing {
  readonly name?: string
  readonly timeoutMs?: number
}

/** A scanner in HID POS mode. */
interface HidPlace extends Omit<HidScannerOptions, 'layout'> {
  readonly kind: 'hid'
  readonly layout?: 'auto' | 'counted' | 'counted-64' | 'padded'
}

/** A scanner has no port that everybody knows. */
export type ScannerConfig =
  | (((TcpPlace & { readonly port: number }) | SerialPlace) & ScannerSettings)
  | HidPlace

/** At `host`, or on `serial`; exactly one of them. */
export interface TerminalConfig
  extends Omit<ZvtOptions, 'host' | 'password' | 'transport' | 'currency' | 'serial'> {
  readonly kind: 'zvt'
  readonly host?: string
  readonly serial?: Omit<SerialPlace, 'kind'>
  readonly password?: Secret
}

export interface NfcConfig extends NfcOptions {
  readonly kind: 'pcsc'
}

/** A pad has no port that everybody knows. */
export type PinpadConfig = ((TcpPlace & { readonly port: number }) | SerialPlace) &
  Omit<PinpadOptions, 'profile'> & { readonly profile?: 'verifone' | 'uic' }

interface PrinterSettings {
  readonly name?: string
  readonly profile?: 'epson' | 'epson-48' | 'epson-32' | 'star-48'
  /** Does the printer answer status questions here? Without, no print is ever known to be done. */
  readonly answers?: boolean
  readonly drawer?: DrawerOptions
  readonly copyText?: string
  /** Characters that the printer does not have are reported, drawn or replaced; `report` if absent. */
  readonly unprintable?: 'report' | 'image' | 'replace'
}

export type PrinterConfig = (TcpPlace | SerialPlace | UsbPlace | FilePlace | SpoolerPlace) & PrinterSettings

interface ActivationConfig {
  readonly name: 'activation'
  readonly user: string | Secret
  readonly password: Secret
  readonly cspid: string | Secret
  readonly reservationServers: readonly string[]
  readonly activationServers: readonly string[]
  readonly serviceid?: string
  readonly version?: string
  readonly path?: string
  readonly profile?: ProfileName | WireProfile
  readonly allowPlainHttp?: boolean
  readonly deferral?: DeferralLimits
}

export type PluginConfig = ActivationConfig

/** What codes of restricted circulation say in this shop, as `restrictedTemplate` takes it. */
interface RestrictedCode {
  readonly layout: string
  readonly decimals: number
  readonly verifier?: 'gs1' | 'mod10'
}

/** A till, as a shop writes it down. Relative paths are relative to the document. */
export interface Config {
  readonly $schema?: string
  readonly dir: string
  readonly lane: string
  readonly currency: string
  readonly locale?: string
  readonly header?: readonly string[]
  readonly scanner?: ScannerConfig | readonly ScannerConfig[]
  readonly terminal?: TerminalConfig
  readonly printer?: PrinterConfig
  readonly nfc?: NfcConfig | readonly NfcConfig[]
  readonly pinpad?: PinpadConfig
  readonly restrictedCodes?: readonly RestrictedCode[]
  readonly plugins?: readonly PluginConfig[]
  readonly catalog?: { readonly file: string }
  readonly commitBudgetMs?: number
  readonly paymentTimeMs?: number
  readonly askRegisterMs?: number
}

/** The file that `catalog` names. */
export interface Articles {
  readonly $schema?: string
  readonly articles: readonly (CatalogArticle & { readonly gtin: string })[]
}
