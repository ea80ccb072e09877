// A mutant is one file in `patches/`: two lines that say which textbook bug it stands for and which command must find
// it, then an ordinary unified diff. It is applied by its text, not by line numbers, and to exactly one place.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The commands that may find a mutant, as npm knows them. */
export const COMMANDS = ['simulate', 'crash'] as const
export type CommandName = (typeof COMMANDS)[number]

export interface Mutant {
  readonly name: string
  /** The textbook bug, in one sentence. */
  readonly bug: string
  readonly with: CommandName
  readonly edits: readonly Edit[]
}

/** `find` must occur exactly once in `file`, a path from the root of the tree with `/`. */
interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** What a mutant may change: the code that a till runs, never a test or a simulator. */
const MAY_CHANGE = /^(packages\/(checkout|journal|sdk)|drivers\/[a-z]+)\/src\/[a-z0-9-]+\.ts$/

/** All mutants of a folder, by name. @throws Error naming the file that is no mutant */
export function mutantsIn(folder: string): readonly Mutant[] {
  return readdirSync(folder)
    .filter(file => file.endsWith('.patch'))
    .sort()
    .map(file => parseMutant(basename(file, '.patch'), readFileSync(join(folder, file), 'utf8')))
}

/** @throws Error saying what is missing */
export function parseMutant(name: string, text: string): Mutant {
  const wrong = (why: string): Error => new Error(`patches/${name}.patch: ${why}`)
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const field = (key: string): string | undefined =>
    lines.find(line => line.startsWith(`${key}: `))?.slice(key.length + 2)
  const bug = field('Bug')
  const command = COMMANDS.find(each => each === field('With'))
  if (bug === undefined) throw wrong('no line "Bug: …"')
  if (command === undefined) throw wrong(`no line "With: ${COMMANDS.join('|')}"`)
  const edits = editsOf(lines)
  if (edits.length === 0) throw wrong('no hunk')
  for (const { file, find, replace } of edits) {
    if (!MAY_CHANGE.test(file) || /\.test\.ts$/.test(file)) throw wrong(`${file} is not code of the till`)
    if (find === replace) throw wrong('a hunk that changes nothing')
  }
  return { name, bug, with: command, edits }
}

function editsOf(lines: readonly string[]): readonly Edit[] {
  const edits: { file: string; find: string; replace: string }[] = []
  let file: string | undefined
  let hunk: { file: string; find: string; replace: string } | undefined
  for (const line of lines) {
    if (line.startsWith('--- ')) hunk = undefined
    else if (line.startsWith('+++ ')) file = line.slice(4).replace(/^b\//, '').trim()
    else if (line.startsWith('@@') && file !== undefined) {
      hunk = { file, find: '', replace: '' }
      edits.push(hunk)
    } else if (hunk) {
      const text = `${line.slice(1)}\n`
      if (line.startsWith('-') || line.startsWith(' ')) hunk.find += text
      if (line.startsWith('+') || line.startsWith(' ')) hunk.replace += text
    }
  }
  return edits
}

/**
 * The files that a mutant changes, with their new text.
 * @throws Error when a hunk fits nowhere or in several places: the code has moved on, and so must the patch
 */
export function applied(mutant: Mutant, read: (file: string) => string): ReadonlyMap<string, string> {
  const changed = new Map<string, string>()
  for (const { file, find, replace } of mutant.edits) {
    const text = changed.get(file) ?? read(file).replaceAll('\r\n', '\n')
    const places = text.split(find).length - 1
    if (places !== 1) {
      const where = places === 0 ? 'nowhere' : `in ${places} places`
      throw new Error(
        `mutant ${mutant.name} no longer applies: a hunk fits ${where} in ${file}. Write it anew for the present code:\n${find}`,
      )
    }
    changed.set(
      file,
      text.replace(find, () => replace),
    )
  }
  return changed
}
