// The README keeps its word: the embedding example it shows is the one that is compiled and run.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const embedding = readFileSync('examples/checkout-cli/src/embedding.ts', 'utf8')
const readme = readFileSync('README.md', 'utf8')

/** The lines between the two marks, without their indentation. */
function quoted(): string {
  const [, marked = ''] = embedding.split('// quoted by the README from here\n')
  const [lines = ''] = marked.split('  // to here')
  return lines.replace(/^ {2}/gm, '').trimEnd()
}

describe('the README', () => {
  it('shows the embedding example as it is run, in twenty lines', () => {
    expect(readme).toContain(`\n\`\`\`ts\n${quoted()}\n\`\`\`\n`)
    expect(quoted().split('\n')).toHaveLength(20)
  })
})
