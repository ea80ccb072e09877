// The `cashdesk` command.
import { run } from './program.ts'
import { EXIT } from './say.ts'

// Whoever reads the answer may have seen enough of it: `cashdesk check till.json | head`.
process.stdout.on('error', () => process.exit(EXIT.cannot))
process.exitCode = await run(process.argv.slice(2), process)
