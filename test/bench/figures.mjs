// What a benchmark answers: figures with their bars, as a table for people and as JSON for programs.

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const rounded = (value, digits = 3) => Number(value.toFixed(digits))

/** A figure without a bar: it explains another one, or is the physical limit it is held against. */
export const figure = (value, unit, digits) => ({ value: rounded(value, digits), unit })
export const atLeast = (bar, value, unit, digits) => barred('≥', bar, value, unit, digits)
export const atMost = (bar, value, unit, digits) => barred('≤', bar, value, unit, digits)

function barred(sign, bar, value, unit, digits) {
  const met = sign === '≥' ? value >= bar : value <= bar
  return { ...figure(value, unit, digits), bar: `${sign} ${bar}`, met }
}

/** What is measured was done wrong: a lost record, a second activation. No figure counts then. */
export class Wrong extends Error {}

export function assertRight(right, problem) {
  if (!right) throw new Wrong(problem)
}

/** One line per figure: name, value, unit, bar, whether it is met. Numbers are aligned at their right. */
export function table(result) {
  const { bench, figures, notes = [], ...about } = result
  const facts = Object.entries(about).map(([name, value]) => `${name} ${value}`)
  const rows = Object.entries(figures).map(([name, { value, unit, bar, met }]) => [
    name,
    String(value),
    unit,
    bar ?? '',
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ])
  const widths = [0, 1, 2, 3, 4].map(column => Math.max(...rows.map(row => row[column].length)))
  const lines = rows.map(([name, value, ...rest]) =>
    [
      name.padEnd(widths[0]),
      value.padStart(widths[1]),
      ...rest.map((cell, at) => cell.padEnd(widths[at + 2])),
    ]
      .join('  ')
      .trimEnd(),
  )
  return [`${bench} (${facts.join(', ')})`, '', ...lines, ...(notes.length > 0 ? ['', ...notes] : [])].join(
    '\n',
  )
}
