// What is said of a file or folder with which the system does not do what was asked.
import { CashdeskError } from '@cashdesk/kernel'

/** The system's short code (`ENOENT`, `EACCES`) where there is one. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
}

/** `cli.file`: one that was named on the command line cannot be read, or cannot be written. */
export function fileError(file: string, thrown: unknown): CashdeskError {
  return new CashdeskError('cli.file', { file, reason: reasonOf(thrown) }, { cause: thrown })
}
