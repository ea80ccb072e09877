// Secrets are named in configurations and resolved once, at the moment the till opens. They live in the performer
// and nowhere else: not in the journal, not in a log, not in an error.
import { CashdeskError } from '@cashdesk/kernel'

/** A reference to a secret: `env:NAME` or `file:PATH`. */
export interface Secret {
  readonly secret: string
}

/** Names a secret without having it: `secret('env:CC_PASS')`, `secret('file:/run/secrets/cc')`. */
export function secret(reference: string): Secret {
  if (!/^(env|file):.+/.test(reference)) {
    throw new CashdeskError('config.secret', { reference: 'not of the form env:NAME or file:PATH' })
  }
  return { secret: reference }
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && 'secret' in value && typeof value.secret === 'string'
}

/** Where secrets come from. */
export interface SecretSource {
  env(name: string): string | undefined
  file(path: string): string | undefined
}

/** @throws CashdeskError `config.secret`, naming the reference and never its value */
export function resolveSecret({ secret: reference }: Secret, source: SecretSource): string {
  const [kind = '', name = ''] = [
    reference.slice(0, reference.indexOf(':')),
    reference.slice(reference.indexOf(':') + 1),
  ]
  const value = kind === 'env' ? source.env(name) : kind === 'file' ? source.file(name) : undefined
  if (value === undefined || value === '') throw new CashdeskError('config.secret', { reference })
  return value
}

/** Credentials by name, and what a customer entered at the PIN pad. */
const PLACEHOLDER = /\{(?:secret:([A-Za-z0-9_-]+)|(pin:[a-z]+))\}/g

/** Fills placeholders in, for the wire alone: `{secret:name}` with `name`, `{pin:block}` with `pin:block`. */
export function fillIn(
  template: string,
  secrets: ReadonlyMap<string, string>,
  encode: (value: string) => string,
): string {
  return template.replace(PLACEHOLDER, (_, name?: string, entered?: string) =>
    encode(secrets.get(name ?? entered ?? '') ?? ''),
  )
}

/** Takes known secrets out of anything that is about to be written down. */
export function redactor(values: Iterable<string>): (text: string) => string {
  // Longest first, so that a secret that contains another one goes as a whole; its encoded form goes too.
  const known = [...new Set([...values].flatMap(value => [value, encodeURIComponent(value)]))]
    .filter(value => value.length >= 3)
    .sort((a, b) => b.length - a.length)
  return text => known.reduce((clean, value) => clean.replaceAll(value, '•••'), text)
}

/** The same for every string in a JSON value. Names and numbers stay, so what comes out has the shape of what went in. */
export function redactAll<Value>(value: Value, clean: (text: string) => string): Value {
  const cleaned = (each: unknown): unknown => {
    if (typeof each === 'string') return clean(each)
    if (Array.isArray(each)) return each.map(cleaned)
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, cleaned(inner)]))
  }
  // Strings become strings: the type is kept.
  return cleaned(value) as Value
}
