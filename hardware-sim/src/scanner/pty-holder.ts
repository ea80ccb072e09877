// Whether the simulator that made a device file still runs: numbers of pseudo terminals are given again, so that the
// link of one that is gone may lead to somebody else's.
import { readdirSync, readFileSync } from 'node:fs'

/** Where that cannot be looked up (no /proc), rather yes. */
export function isHeld(link: string): boolean {
  let processes: readonly string[]
  try {
    processes = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  } catch {
    return true
  }
  return processes.length === 0 || processes.some(id => argumentsOf(id).some(each => isLinkOf(each, link)))
}

/** Both helpers are told the link as `link=PATH` at the end of an argument. */
function isLinkOf(argument: string, link: string): boolean {
  return argument === `link=${link}` || argument.endsWith(`,link=${link}`)
}

function argumentsOf(id: string): readonly string[] {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
