// `npm run mutants`: deliberate bugs, which the simulation and the kills must find.
import { program } from './program.ts'

process.exitCode = await program(process.argv.slice(2))
