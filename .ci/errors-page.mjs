// Turns the kernel's error table into docs/errors.md. The table is the only source: the page says nothing
// that is not in it, and a test compares the two.

const PLACES = {
  value: 'Values',
  register: 'Commands of the register',
  sale: 'Sales and lines',
  claim: 'Claims: cards, coupons, licences',
  provider: 'Providers',
  plugin: 'Plugins',
  tender: 'Payments',
  terminal: 'Payment terminal',
  printer: 'Receipt printer',
  scanner: 'Scanner',
  nfc: 'Card reader (NFC)',
  pinpad: 'PIN pad',
  transport: 'Connections to devices',
  http: 'Calls to servers',
  journal: 'Journal',
  disk: 'Disk',
  config: 'Configuration',
  host: 'Reference host',
  sim: 'Simulators',
}

const MONEY = {
  none: 'no money moved because of it',
  done: 'the money has moved',
  unknown: 'not known yet',
}

const RETRY = {
  same: 'yes, the same operation under its id',
  new: 'as a new attempt, by a person',
  never: 'no',
}

const HEAD = `# Errors

Every error that Cashdesk throws, returns, journals or shows carries one of these codes. A code never changes
its meaning. Each says what happened, what it means for the money, whether the same operation may be tried
again, and what to do now. This page is made from the table in \`packages/kernel/src/errors.ts\` by
\`npm run docs\`; do not edit it.
`

/** The page for \`errors\`, a map from code to entry. Throws for a locus that has no heading here. */
export function errorsPage(errors) {
  const entries = Object.entries(errors)
  const unknown = entries.filter(([, { locus }]) => !(locus in PLACES)).map(([code]) => code)
  if (unknown.length > 0) throw new TypeError(`no heading for the locus of ${unknown.join(', ')}`)
  const sections = Object.entries(PLACES)
    .map(([locus, title]) => [title, entries.filter(([, entry]) => entry.locus === locus)])
    .filter(([, found]) => found.length > 0)
    .map(
      ([title, found]) => `## ${title}\n\n${found.map(([code, entry]) => section(code, entry)).join('\n')}`,
    )
  return `${HEAD}\n${sections.join('\n')}`
}

function section(code, { message, next, outcome, retry }) {
  return `<a id="${code}"></a>

### \`${code}\`

${message}

- Money: ${MONEY[outcome]}.
- Try again: ${RETRY[retry]}.
- What to do: ${next}
`
}
