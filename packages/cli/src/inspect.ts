// Reads a configuration and finds every mistake in it at once: in its form, in what its devices and plugins say to it, in
// the articles it names, and in secrets that are not there. What has no mistake becomes the options of a till.
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, resolve } from 'node:path'
import { CashdeskError, type ErrorDetail, reportOf } from '@cashdesk/kernel'
import {
  isSecret,
  nodeSecrets,
  type Plugin,
  type RestrictedTemplate,
  resolveSecret,
  restrictedTemplate,
  type Secret,
  type SecretSource,
  type TillOptions,
} from '@cashdesk/sdk'
import { readCatalog } from './catalog.ts'
import type { Config } from './config.ts'
import { configShape } from './config-shape.ts'
import { nfcOf, pinpadOf, printerOf, scannerOf, terminalOf } from './devices.ts'
import { type Document, type Path, type Place, readDocument } from './document.ts'
import { pluginOf } from './plugins.ts'
import { type Finding, findings, inOrder, type Problem, pathText } from './problems.ts'

/** A secret that the configuration names. Its value is never here. */
export interface SecretUse {
  readonly path: string
  readonly reference: string
  readonly found: boolean
}

export interface Inspection {
  readonly problems: readonly Problem[]
  readonly secrets: readonly SecretUse[]
  /** As it was read; undefined where it is no JSON. May hold what should have been a secret. */
  readonly document?: unknown
  /** Everything below only where there are no problems. */
  readonly config?: Config
  readonly options?: TillOptions
  readonly plugins?: readonly Plugin[]
  readonly articles?: number
}

export interface ReadOptions {
  /** Where secrets come from: the environment and files if absent. */
  readonly secrets?: SecretSource
}

/** Everything that is wrong with the file. @throws CashdeskError `config.unreadable` */
export async function inspectFile(file: string, options: ReadOptions = {}): Promise<Inspection> {
  return inspect(readDocument(await textOf(file)), dirname(resolve(file)), options.secrets ?? nodeSecrets)
}

/** Everything that is wrong with a configuration that is no file; its paths are relative to `folder`. */
export function inspectValue(value: unknown, folder: string, options: ReadOptions = {}): Promise<Inspection> {
  const document = { value, place: () => undefined, mistakes: [] }
  return inspect(document, folder, options.secrets ?? nodeSecrets)
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
    throw new CashdeskError('config.unreadable', { file, reason })
  }
}

interface Found extends Finding {
  readonly place?: Place
  readonly secret?: true
}

async function inspect(document: Document, folder: string, source: SecretSource): Promise<Inspection> {
  const found: Found[] = [...document.mistakes]
  if (document.value === undefined && found.length > 0)
    return { problems: found.map(problemAt(document)), secrets: [], document: undefined }
  found.push(...findings(configShape, document.value), ...repeatedPlugins(document.value))
  const value = anchored(document.value, folder)
  const secrets = secretsOf(value, source)
  for (const { path, reference, found: there } of secrets)
    if (!there) found.push({ path, message: `names ${reference}, and that is not there`, secret: true })
  const parts = await wire(soundPart(value, found), folder, source, found)
  const inCatalog = parts.catalogProblems.map(problem =>
    problem.file === undefined ? { ...document.place(['catalog', 'file']), ...problem } : problem,
  )
  const problems = inOrder([...found.map(problemAt(document)), ...inCatalog])
  const uses = secrets.map(use => ({ ...use, path: pathText(use.path) }))
  if (problems.length > 0) return { problems, secrets: uses, document: document.value }
  const { config, options, plugins, articles } = parts
  return {
    problems,
    secrets: uses,
    document: document.value,
    config,
    options,
    plugins,
    ...(articles === undefined ? {} : { articles }),
  }
}

function problemAt(document: Document): (found: Found) => Problem {
  return ({ path, message, place, secret }) => ({
    path: pathText(path),
    message,
    code: secret ? 'config.secret' : 'config.invalid',
    ...(place ?? document.place(path)),
  })
}

// ── the document ────────────────────────────────────────────────────────────────────────────────────────

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function repeatedPlugins(value: unknown): readonly Found[] {
  const plugins: unknown = isObject(value) ? value['plugins'] : undefined
  const names = Array.isArray(plugins) ? plugins.map(each => (isObject(each) ? each['name'] : undefined)) : []
  return names.flatMap((name, index) =>
    name !== undefined && names.indexOf(name) < index
      ? [
          {
            path: ['plugins', index, 'name'],
            message: `is the same plugin as plugins[${names.indexOf(name)}]`,
          },
        ]
      : [],
  )
}

/** The document with file secrets that stand relative to it. */
function anchored(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map(each => anchored(each, folder))
  if (!isObject(value)) return value
  if (isSecret(value) && value.secret.startsWith('file:'))
    return { ...value, secret: `file:${resolve(folder, value.secret.slice('file:'.length))}` }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, anchored(each, folder)]))
}

interface NamedSecret extends Omit<SecretUse, 'path'> {
  readonly path: Path
}

function secretsOf(value: unknown, source: SecretSource, path: Path = []): readonly NamedSecret[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => secretsOf(each, source, [...path, index]))
  if (!isObject(value)) return []
  if (!isSecret(value) || !/^(env|file):./.test(value.secret))
    return Object.entries(value).flatMap(([key, each]) => secretsOf(each, source, [...path, key]))
  return [{ path, reference: value.secret, found: lookUp(value, source) !== undefined }]
}

function lookUp(secret: Secret, source: SecretSource): string | undefined {
  try {
    return resolveSecret(secret, source)
  } catch {
    return undefined
  }
}

/** The sections that have the right form, so that what their devices and plugins say is told with everything else. */
function soundPart(value: unknown, found: readonly Found[]): Config {
  const wrong = new Set(found.filter(({ secret }) => !secret).map(({ path }) => path[0]))
  const sections = isObject(value) ? Object.entries(value).filter(([key]) => !wrong.has(key)) : []
  return configShape.parse({ dir: '.', lane: '1', currency: 'EUR', ...Object.fromEntries(sections) })
}

// ── its parts ───────────────────────────────────────────────────────────────────────────────────────────

interface Parts {
  readonly config: Config
  readonly options: TillOptions
  readonly plugins: readonly Plugin[]
  readonly articles?: number
  readonly catalogProblems: readonly Problem[]
}

/** Makes something of a section; undefined, and the mistake told, where that cannot be. */
type Attempt = <T>(path: Path, make: () => T) => T | undefined

async function wire(config: Config, folder: string, source: SecretSource, found: Found[]): Promise<Parts> {
  const attempt: Attempt = (path, make) => {
    try {
      return make()
    } catch (thrown) {
      found.push(...objections(path, thrown))
      return undefined
    }
  }
  // A secret that is missing is told already; what stands for it here pleases every check of form.
  const known = (secret: Secret): string => lookUp(secret, source) ?? '000000'
  const { catalog, plugins = [] } = config
  const factories = plugins.map(pluginOf)
  const ready: Plugin[] = []
  for (const [index, factory] of factories.entries()) {
    const plugin = await factory.configure(known).catch((thrown: unknown) => {
      found.push(...objections(['plugins', index], thrown))
      return undefined
    })
    if (plugin) ready.push(plugin)
  }
  const articles = catalog && (await readCatalog(resolve(folder, catalog.file)))
  const {
    $schema,
    dir,
    scanner: _,
    terminal: __,
    printer: ___,
    nfc: ____,
    pinpad: _______,
    restrictedCodes,
    plugins: _____,
    catalog: ______,
    ...rest
  } = config
  const options: TillOptions = {
    ...rest,
    dir: isAbsolute(dir) ? dir : resolve(folder, dir),
    plugins: factories,
    ports: { secrets: source },
    ...driversOf(config, known, attempt),
    ...(restrictedCodes ? { restrictedCodes: templatesOf(restrictedCodes, attempt) } : {}),
    ...(articles?.catalog ? { catalog: articles.catalog } : {}),
  }
  return {
    config,
    options,
    plugins: ready,
    catalogProblems: articles?.problems ?? [],
    ...(articles ? { articles: articles.count } : {}),
  }
}

function driversOf(
  { scanner = [], terminal, printer, pinpad, nfc = [], currency }: Config,
  known: (secret: Secret) => string,
  attempt: Attempt,
): Pick<TillOptions, 'scanner' | 'terminal' | 'printer' | 'pinpad' | 'nfc'> {
  const each = <C, D>(
    name: string,
    list: boolean,
    configs: readonly C[],
    make: (config: C) => D,
  ): readonly D[] =>
    configs.flatMap((one, index) => attempt(list ? [name, index] : [name], () => make(one)) ?? [])
  const scanners = each('scanner', Array.isArray(scanner), [scanner].flat(), scannerOf)
  const readers = each('nfc', Array.isArray(nfc), [nfc].flat(), nfcOf)
  const terminalDriver = terminal && attempt(['terminal'], () => terminalOf(terminal, currency, known))
  const printerDriver = printer && attempt(['printer'], () => printerOf(printer))
  const pinpadDriver = pinpad && attempt(['pinpad'], () => pinpadOf(pinpad))
  return {
    ...(scanners.length > 0 ? { scanner: scanners } : {}),
    ...(terminalDriver ? { terminal: terminalDriver } : {}),
    ...(printerDriver ? { printer: printerDriver } : {}),
    ...(pinpadDriver ? { pinpad: pinpadDriver } : {}),
    ...(readers.length > 0 ? { nfc: readers } : {}),
  }
}

function templatesOf(
  codes: NonNullable<Config['restrictedCodes']>,
  attempt: Attempt,
): readonly RestrictedTemplate[] {
  return codes.flatMap(
    ({ layout, ...rest }, index) =>
      attempt(['restrictedCodes', index], () => restrictedTemplate(layout, rest)) ?? [],
  )
}

/** What a driver or plugin says to its section. */
function objections(path: Path, thrown: unknown): readonly Found[] {
  const { code, message, detail } = reportOf(thrown, 'config.invalid')
  const problems = detail?.['problems']
  if (Array.isArray(problems))
    return problems.map(String).map(problem => {
      // `activation.reservationServers: https, because …`
      const [, place = '', text = problem] = /^([\w.[\]-]*): (.*)$/s.exec(problem) ?? []
      return { path: [...path, ...place.split('.').slice(1)], message: text }
    })
  const field = detail?.['field']
  const inside = typeof field === 'string' ? field.split('.').filter(step => step !== path[0]) : []
  return [
    {
      path: [...path, ...inside],
      message:
        reasonOf(detail) ??
        (code === 'config.invalid' ? 'is not what its driver accepts' : `is not accepted: ${message}`),
    },
  ]
}

function reasonOf(detail: ErrorDetail | undefined): string | undefined {
  const reason = detail?.['reason']
  return typeof reason === 'string' && reason !== '' ? reason : undefined
}
