// What the fuzzer says: a line of progress now and then, and the report.

const PROGRESS_MS = 5_000

/** Tells `stream` every few seconds how far it is. */
export function progressTo(stream, tasks) {
  const all = tasks.reduce((sum, { count }) => sum + count, 0)
  const started = performance.now()
  let done = 0
  let told = started
  return ({ inputs, findings }, name) => {
    done += inputs
    for (const { what } of findings) stream.write(`✗ ${name}: ${what.slice(0, 200)}\n`)
    const now = performance.now()
    if (now - told < PROGRESS_MS) return
    told = now
    const seconds = Math.round((now - started) / 1000)
    stream.write(`${grouped(done)} of ${grouped(all)} inputs in ${seconds} s, now ${name}\n`)
  }
}

/** What was done to one target: inputs, how many a second of one worker, and the slowest of them. */
export function line({ number }, results) {
  const own = results.filter(each => each.number === number)
  const sum = name => own.reduce((total, each) => total + each[name], 0)
  const perSecond = Math.round((sum('inputs') / Math.max(1, sum('ms'))) * 1000)
  const slowestMs = Math.round(Math.max(0, ...own.map(each => each.slowestMs)) * 10) / 10
  return { inputs: sum('inputs'), perSecond, slowestMs }
}

/** The report for people. */
export function summary({ seed, inputs, seconds, targets, findings, more }) {
  const head = `  ${'decoder'.padEnd(20)} ${'inputs'.padStart(11)} ${'a second'.padStart(10)} ${'slowest'.padStart(10)}`
  const rows = Object.entries(targets).map(
    ([name, { inputs: count, perSecond, slowestMs }]) =>
      `  ${name.padEnd(20)} ${grouped(count).padStart(11)} ${grouped(perSecond).padStart(10)} ${`${slowestMs} ms`.padStart(10)}`,
  )
  const found = findings.map(
    ({ target, kind, what, hex, repeat, smallest }) =>
      `✗ ${target} (${kind}): ${what}\n${[hex, repeat, smallest]
        .filter(Boolean)
        .map(each => `    ${each}\n`)
        .join('')}`,
  )
  const end = findings.length === 0 ? 'nothing found' : `${findings.length + more} findings`
  return [
    head,
    ...rows,
    ...found,
    `${grouped(inputs)} inputs in ${seconds} s, seed ${seed}: ${end}`,
    '',
  ].join('\n')
}

const grouped = number => number.toLocaleString('en')
