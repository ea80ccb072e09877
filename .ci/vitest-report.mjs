// Reads the JSON report of a vitest run: how many tests passed, and what the others have to say.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { ROOT } from './steps.mjs'

/**
 * `{ passed, failed, skipped }`, `complaints`, one text per failed test or file, and `skippedTitles`. A missing
 * report, and a file that failed before its first test, count as one failure each.
 */
export function readReport(path) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0, complaints: [], skippedTitles: [] }
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'))
  const tests = testResults.flatMap(file => file.assertionResults.map(test => ({ ...test, file: file.name })))
  const of = (...states) => tests.filter(({ status }) => states.includes(status))
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some(({ status }) => status === 'failed'),
  )
  const skipped = of('skipped', 'pending', 'todo', 'disabled')
  return {
    passed: of('passed').length,
    failed: of('failed').length + broken.length,
    skipped: skipped.length,
    complaints: [
      ...of('failed').map(test => `${titleOf(test)}\n${(test.failureMessages[0] ?? '').slice(0, 2000)}`),
      ...broken.map(({ name, message }) => `${relative(ROOT, name)}\n${message.slice(0, 2000)}`),
    ],
    skippedTitles: skipped.map(titleOf),
  }
}

const titleOf = ({ file, fullName }) => `${relative(ROOT, file)} › ${fullName.trim()}`
