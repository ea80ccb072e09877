// A simulator as a process: `main.js terminal --port 20007`.
import { runProgram } from './program.ts'
import { PROGRAMS } from './programs.ts'

process.exitCode = await runProgram(PROGRAMS, process.argv.slice(2))
