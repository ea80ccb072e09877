// The same days against a deliberate bug: test/mutants makes a copy of the sources with it, and the command that is
// played there is this one, unmodified.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const MUTANTS: string = fileURLToPath(new URL('../../mutants/dist/main.js', import.meta.url))

/** Answers the exit code of the run on the mutated copy; 2 when there is no such copy. */
export async function runMutant(name: string, given: readonly string[]): Promise<number> {
  const made = await run([MUTANTS, 'prepare', name], true)
  const path = made.text.trim().split('\n').at(-1)
  if (made.code !== 0 || path === undefined || path === '') {
    process.stderr.write(`The mutant ${name} could not be prepared.\n`)
    return 2
  }
  const at = given.indexOf('--mutant')
  const rest = at < 0 ? given.filter(each => !each.startsWith('--mutant=')) : given.toSpliced(at, 2)
  try {
    return (await run([`${path}/test/simulate/dist/main.js`, ...rest], false)).code
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

function run(
  args: readonly string[],
  listens: boolean,
): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', listens ? 'pipe' : 'inherit', 'inherit'],
    })
    let text = ''
    child.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
    child.on('error', () => resolve({ code: 2, text }))
    child.on('close', code => resolve({ code: code ?? 2, text }))
  })
}
