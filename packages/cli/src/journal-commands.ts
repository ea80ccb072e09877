// `cashdesk journal …` on the command line: what can be called, with which options, and an example each. What a command
// does is loaded when it is called.
import type { ProgramIo } from '@cashdesk/hardware-sim'
import type { Command } from 'commander'

type Ended = (code: number) => void

const JSON_LINE = ['--json', 'one line of JSON'] as const
const CONFIG = ['--config <file>', 'the configuration of that till'] as const

export function journalCommands(program: Command, ended: Ended, io: ProgramIo): void {
  const journal = program
    .command('journal')
    .description('look inside a till: what happened, what is pending, what a person must settle')
  looking(journal, ended, io)
  handingOver(journal, ended, io)
  settling(journal, ended, io)
  copying(journal, ended, io)
  archiving(journal, ended, io)
}

export function supportCommand(program: Command, ended: Ended, io: ProgramIo): void {
  program
    .command('support <dir>')
    .description(
      'one file for the support line, without secrets and personal data; safe beside a running till',
    )
    .option(...CONFIG)
    .option('--out <file>', 'the file to make; cashdesk-support-….zip here if absent')
    .option('--steps <n>', 'the most steps of the journal that go in; 2000 if absent')
    .option(...JSON_LINE)
    .addHelpText('after', '\nExample:\n  cashdesk support DIR --config till.json --out support.zip')
    .action(async (dir: string, options: object) => {
      const { supportBundle } = await import('./support.ts')
      ended(await supportBundle(io, dir, options))
    })
}

/** Commands that change nothing and need no lock: they may be called beside a till that sells. */
function looking(journal: Command, ended: Ended, io: ProgramIo): void {
  journal
    .command('show <dir>')
    .description('what a till has on its hands, or the story of one sale; safe beside a running till')
    .option('--sale <id>', 'the story of that sale as a timeline')
    .option('--pending', 'only what waits for an answer, and why')
    .option('--tasks', 'only what waits for a person')
    .option('--since <time>', 'only sales (with --sale: steps) of then or later: 2026-11-21, 14:00, 90m, 3d')
    .option('--limit <n>', 'at most so many')
    .option(...JSON_LINE)
    .addHelpText('after', example('show DIR --sale R-1017'))
    .action(async (dir: string, options: object) => {
      const { showJournal } = await import('./show.ts')
      ended(await showJournal(io, dir, options))
    })
  journal
    .command('follow <dir>')
    .description('show what becomes durable as it happens, until Ctrl-C; safe beside a running till')
    .option('--sale <id>', 'only what is about that sale')
    .option('--after <record>', 'begin behind that record; with the last ten if absent')
    .option('--json', 'one line of JSON for each step')
    .addHelpText('after', example('follow DIR --sale R-1017'))
    .action(async (dir: string, options: object) => {
      const { followJournal } = await import('./follow.ts')
      ended(await followJournal(io, dir, options))
    })
  journal
    .command('verify <dir>')
    .description('read every record and say whether the journal is whole; safe beside a running till')
    .option(...JSON_LINE)
    .addHelpText('after', example('verify DIR'))
    .action(async (dir: string, options: object) => {
      const { verifyJournal } = await import('./verify.ts')
      ended(await verifyJournal(io, dir, options))
    })
}

/** Commands that write what they read into files: for bookkeeping, for support. */
function handingOver(journal: Command, ended: Ended, io: ProgramIo): void {
  journal
    .command('export <dir>')
    .description('sales with lines, payments, claims and VAT, for bookkeeping; safe beside a running till')
    .option(
      '--format <format>',
      'jsonl (a sale a line, minor units) or csv (a table, decimals); jsonl if absent',
    )
    .option('--since <time>', 'paid (else ended, else opened) then or later')
    .option('--until <time>', 'before then')
    .option('--sale <id>', 'only that sale')
    .option('--out <file>', 'standard output if absent')
    .addHelpText(
      'after',
      example('export DIR --format csv --since 2026-11-01 --until 2026-12-01 --out november.csv'),
    )
    .action(async (dir: string, options: object) => {
      const { exportJournal } = await import('./export.ts')
      ended(await exportJournal(io, dir, options))
    })
}

/** Commands that make another directory out of that of a closed till. */
function copying(journal: Command, ended: Ended, io: ProgramIo): void {
  journal
    .command('salvage <dir>')
    .description(
      'copy what is whole of a damaged journal into a new till directory; the damaged one stays as it is',
    )
    .requiredOption('--to <dir>', 'the new directory; made, and empty')
    .option(...JSON_LINE)
    .addHelpText('after', example('salvage DIR --to DIR2'))
    .action(async (dir: string, options: { to: string }) => {
      const { salvage } = await import('./salvage.ts')
      ended(await salvage(io, dir, options))
    })
}

/** … and what a till no longer needs at hand. */
function archiving(journal: Command, ended: Ended, io: ProgramIo): void {
  journal
    .command('archive <dir>')
    .description('move what is over out of the journal of a closed till; what goes on stays')
    .requiredOption('--to <folder>', 'the archive; made if absent, and used again every year')
    .option('--before <time>', 'sales that ended before then; 400 days ago if absent')
    .option(...JSON_LINE)
    .addHelpText('after', example('archive DIR --to ARCHIVE --before 2026-01-01'))
    .action(async (dir: string, options: { to: string }) => {
      const { archive } = await import('./archive.ts')
      ended(await archive(io, dir, options))
    })
}

/** Commands that take the lock: the till must be closed. */
function settling(journal: Command, ended: Ended, io: ProgramIo): void {
  journal
    .command('resolve <dir> [task]')
    .description('write a person’s decision about an open task into the journal of a closed till')
    .option('--list', 'the open tasks and their actions; changes nothing')
    .option('--action <action>', 'one of the actions that the task lists')
    .option('--operator <name>', 'who decides')
    .option('--reason <text>', 'why')
    .option(...CONFIG)
    .option(...JSON_LINE)
    .addHelpText(
      'after',
      example('resolve DIR TASK --action settled --operator Anna --reason "paid back in cash"'),
    )
    .action(async (dir: string, task: string | undefined, options: object) => {
      const { resolveTask } = await import('./resolve.ts')
      ended(await resolveTask(io, dir, task, options))
    })
  journal
    .command('drain <dir>')
    .description('open the till without selling and let its queue empty itself')
    .requiredOption(...CONFIG)
    .option('--timeout <seconds>', 'give up after so long; 60 if absent')
    .option(...JSON_LINE)
    .addHelpText('after', example('drain DIR --config till.json --timeout 300'))
    .action(async (dir: string, options: { config: string }) => {
      const { drainJournal } = await import('./drain.ts')
      ended(await drainJournal(io, dir, options))
    })
  journal
    .command('confirm <dir>')
    .description(
      'make a copied or restored journal this machine’s own; no other till may sell on the original',
    )
    .option(...JSON_LINE)
    .addHelpText('after', example('confirm DIR'))
    .action(async (dir: string, options: object) => {
      const { confirmJournal } = await import('./confirm.ts')
      ended(await confirmJournal(io, dir, options))
    })
}

function example(words: string): string {
  return `\nExample:\n  cashdesk journal ${words}`
}
