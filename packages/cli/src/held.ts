// What needs the lock of a journal is said to be impossible while a till runs, together with what to do instead.
import { CashdeskError } from '@cashdesk/kernel'

/** @throws CashdeskError `journal.in-use` with a way out in `detail`, and whatever `work` throws */
export async function heldBy<Result>(dir: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof CashdeskError) || thrown.code !== 'journal.in-use') throw thrown
    const reason = 'the till is running: do it there, or close the till, and start it again afterwards'
    throw new CashdeskError('journal.in-use', { dir, reason }, { cause: thrown })
  }
}
