// The command line: what can be called, with which options, and what each answers.
import type { ProgramIo } from '@cashdesk/hardware-sim'
import { CashdeskError } from '@cashdesk/kernel'
import { Command, CommanderError } from 'commander'
import { journalCommands, supportCommand } from './journal-commands.ts'
import type { PreviewOptions } from './preview.ts'
import { complain, EXIT } from './say.ts'
import { version } from './version.ts'

const EXAMPLES = `
Examples:
  cashdesk check till.json                      every mistake at once, or what the till would be
  cashdesk check till.json --connect            … and which devices answer
  cashdesk doctor --config till.json            ports, packages, disk and devices, and what to put right
  cashdesk run till.json                        opens that till and shows what it hears, until Ctrl-C
  cashdesk journal show DIR                     what that till has on its hands
  cashdesk journal show DIR --sale R-1017       the story of one sale
  cashdesk journal verify DIR                   is the journal of that till whole?
  cashdesk support DIR --config till.json       one file for the support line, without secrets
  cashdesk host --store memory                  the reference back end, for development
  cashdesk sim terminal --port 20007            a payment terminal to develop against
  cashdesk sim printer --port 9100 --show yes   a receipt printer that shows its paper
  cashdesk sim scanner --help                   options and accidents of one simulator
  cashdesk decode --help                        bytes of a device, explained field by field

Exit codes: 0 in order, 1 something is wrong with what was checked, 2 wrong usage, 3 it could not be done.
Errors say what happened, what it means for the money, and what to do now; with --json as one line on stdout.`

/** Runs the command, loading only what it needs, and resolves with its exit code. */
export async function run(args: readonly string[], io: ProgramIo): Promise<number> {
  let code: number = EXIT.ok
  const program = commands(io, ended => {
    code = ended
  })
  const json = args.includes('--json')
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return complain(io, thrown, json)
    if (thrown.exitCode === 0) return EXIT.ok
    // Called without a command: the help was shown.
    if (thrown.code === 'commander.help') return EXIT.usage
    const reason = thrown.message.replace(/^error: /, '')
    return complain(io, new CashdeskError('cli.usage', { reason }), json)
  }
}

function commands(io: ProgramIo, ended: (code: number) => void): Command {
  const program = new Command('cashdesk')
    .description(
      'A checkout that cannot lie about money: configurations, simulated devices, the reference host.',
    )
    .version(version(), '-V, --version')
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: text => void io.stdout.write(text),
      // What is wrong is said by `complain`, once.
      writeErr: text => void (text.startsWith('Usage:') && io.stderr.write(text)),
      outputError: () => undefined,
    })
  program
    .command('check <file>')
    .description('every mistake of a till’s configuration at once, or what the till would be')
    .option('--json', 'one line of JSON')
    .option('--connect', 'open the devices and say which answer; not beside a till that uses them')
    .action(async (file: string, options: { json?: boolean; connect?: boolean }) => {
      const { check } = await import('./check.ts')
      ended(await check(io, file, options))
    })
  doctorCommand(program, ended, io)
  program
    .command('run <file>')
    .description('open a till and show what it hears and does as lines of JSON, until Ctrl-C')
    .option('--with-parent', 'also end when stdin ends')
    .action(async (file: string, options: { withParent?: boolean }) => {
      const { runTill } = await import('./run-till.ts')
      ended(await runTill(io, file, options))
    })
  previewCommand(program, ended, io)
  journalCommands(program, ended, io)
  supportCommand(program, ended, io)
  // These have options of their own, and their own help.
  forwarded(program, 'sim', 'a simulated device that speaks the real bytes: sim --help').action(
    async (words: string[]) => {
      const { PROGRAMS, runProgram } = await import('@cashdesk/hardware-sim')
      ended(await runProgram(PROGRAMS, words, io))
    },
  )
  forwarded(program, 'decode', 'bytes of a device explained field by field: decode --help').action(
    async (words: string[]) => {
      const { decode } = await import('./decode.ts')
      ended(await decode(io, words))
    },
  )
  forwarded(program, 'host', 'the reference back end: host --help').action(async (words: string[]) => {
    const { runHost } = await import('@cashdesk/host')
    await runHost(words).catch((thrown: unknown) => {
      // The host is configured by its command line: what is wrong there is wrong usage.
      const code = complain(io, thrown, false)
      ended(code === EXIT.wrong ? EXIT.usage : code)
    })
  })
  return program
}

function doctorCommand(program: Command, ended: (code: number) => void, io: ProgramIo): void {
  program
    .command('doctor')
    .description('what this machine has for a checkout, what is missing, and what to install')
    .option('--config <file>', 'also that till’s place, and whether its devices answer')
    .option(
      '--conformance',
      'with --config: the device contract, tried on its devices; minutes, and not beside a till',
    )
    .option('--print', 'with --conformance: may print up to ten short slips')
    .option('--pay <minor>', 'with --conformance: pays that amount once, and reverses it at once')
    .option('--scan', 'with --conformance: asks you to scan a code')
    .option('--tap', 'with --conformance: asks you to hold a card to each reader')
    .option('--pin', 'with --conformance: asks you to type four digits at the PIN pad (DUKPT)')
    .option('--unplug', 'with --conformance: asks you to pull and plug each device')
    .option('--json', 'one line of JSON')
    .action(async (options: DoctorWords) => {
      const { config, conformance, ...rest } = options
      if (conformance !== true) {
        const { doctor } = await import('./doctor.ts')
        return ended(await doctor(io, options))
      }
      if (config === undefined)
        throw new CashdeskError('cli.usage', { reason: '--conformance needs --config' })
      const { conformanceOf } = await import('./doctor-conformance.ts')
      ended(await conformanceOf(io, { config, ...rest }))
    })
}

interface DoctorWords {
  readonly config?: string
  readonly json?: boolean
  readonly conformance?: boolean
  readonly print?: boolean
  readonly pay?: string
  readonly scan?: boolean
  readonly tap?: boolean
  readonly pin?: boolean
  readonly unplug?: boolean
}

function previewCommand(program: Command, ended: (code: number) => void, io: ProgramIo): void {
  program
    .command('preview <file>')
    .description('a receipt document (JSON) as it would stand on paper, without a printer')
    .option('--png <file>', 'draw it')
    .option('--text', 'its text too, beside --png')
    .option('--profile <name>', 'epson-48 (default), epson (42 columns), epson-32 or star-48')
    .option('--copy', 'as the copy of it')
    .option('--json', 'one line of JSON')
    .action(async (file: string, options: PreviewOptions) => {
      const { preview } = await import('./preview.ts')
      ended(await preview(io, file, options))
    })
}

function forwarded(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpOption(false)
    .argument('[words...]')
    .passThroughOptions()
    .allowUnknownOption()
}
