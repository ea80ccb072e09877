// Two registers on one till: processes that open the same folder at the same instant, of which exactly one may win; the
// next one after a SIGKILL, which must win at once; and files that name the process number of somebody else.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from './protocol.ts'
import type { RegisterProcess, Spares } from './register-process.ts'
import { epochMs } from './register-process.ts'

export interface StartsReport {
  readonly rounds: number
  readonly racers: number
  /** Rounds in which exactly one won and all others were told `journal.in-use`. */
  readonly oneWinner: number
  /** Winners that were killed; each time the next opener had to win at its first try. */
  readonly kills: number
  /** From the SIGKILLed process' end to the next one holding the journal: its openTill. */
  readonly reopenedMs: readonly number[]
  /** Openings with a lock file naming a living process, and with one naming a dead process beside a living holder. */
  readonly recycledPids: number
  readonly wrong: readonly string[]
}

const RACERS = 3
/** Every so often the winner is killed instead of closed. */
const KILL_EVERY = 10
/** Long enough for all to be told before the instant. */
const LEAD_MS = 3
/** Names under which programs leave process numbers; the second is what our own lock is called where it is a file. */
const PID_FILES = ['till.pid', 'lock', '.lock']
/** What is kept of what went wrong. */
const MAX_WRONG = 20

interface Raced {
  readonly won: boolean
  readonly code?: string
  readonly tookMs: number
}

export class Starts {
  readonly #place: Place
  readonly #spares: Spares
  readonly #wrong: string[] = []
  readonly #reopenedMs: number[] = []
  #racers: RegisterProcess[] = []
  #kills = 0
  #oneWinner = 0
  #recycled = 0

  constructor(dir: string, spares: Spares) {
    this.#place = { dir: join(dir, 'starts'), host: 'http://127.0.0.1:1', terminalPort: 0, printerPort: 0 }
    this.#spares = spares
  }

  async run(rounds: number, told: (round: number) => void): Promise<StartsReport> {
    await mkdir(join(this.#place.dir, 'journal'), { recursive: true })
    while (this.#racers.length < RACERS) this.#racers.push(await this.#spares.take())
    try {
      for (let round = 1; round <= rounds; round += 1) {
        await this.#round(round)
        told(round)
      }
      if (rounds > 0) await this.#recycledPids()
    } finally {
      for (const racer of this.#racers) racer.kill()
      await Promise.all(this.#racers.map(({ gone }) => gone))
    }
    return {
      rounds,
      racers: RACERS,
      oneWinner: this.#oneWinner,
      kills: this.#kills,
      reopenedMs: this.#reopenedMs,
      recycledPids: this.#recycled,
      wrong: this.#wrong,
    }
  }

  async #round(round: number): Promise<void> {
    const atEpochMs = epochMs() + LEAD_MS
    const raced = await Promise.all(this.#racers.map(racer => this.#race(racer, atEpochMs)))
    const winners = raced.filter(({ won }) => won).length
    const others = raced.filter(({ won, code }) => !won && code !== 'journal.in-use')
    if (winners === 1 && others.length === 0) this.#oneWinner += 1
    else this.#isWrong(`round ${round}: ${JSON.stringify(raced)}`)
    const winner = raced.findIndex(({ won }) => won)
    if (round % KILL_EVERY === 0 && winner >= 0) await this.#killed(winner)
    else
      await Promise.all(this.#racers.map((racer, index) => (raced[index]?.won ? closed(racer) : undefined)))
  }

  /** The holder dies; whoever comes next wins at the first try. */
  async #killed(winner: number): Promise<void> {
    const holder = this.#racers[winner]
    holder?.kill()
    await holder?.gone
    const diedAt = performance.now()
    this.#kills += 1
    const next = this.#racers[(winner + 1) % this.#racers.length]
    const raced = next && (await this.#race(next, 0))
    if (raced?.won) this.#reopenedMs.push(performance.now() - diedAt)
    else this.#isWrong(`after a SIGKILL the next one was told ${raced?.code ?? 'nothing'}`)
    if (next && raced?.won) await closed(next)
    this.#racers[winner] = await this.#spares.take()
  }

  /** A process number in a file says nothing: neither that somebody holds the journal, nor that nobody does. */
  async #recycledPids(): Promise<void> {
    const [one, two] = this.#racers
    if (!one || !two) return
    // A stranger that lives: this very process.
    await this.#namePid(process.pid)
    const held = await this.#race(one, 0)
    this.#recycled += 1
    if (!held.won) this.#isWrong(`a lock file with a living stranger's number: ${held.code ?? ''}`)
    // The holder lives, whatever the file says of the dead.
    const dead = this.#spares.cold()
    const { pid } = dead
    dead.kill()
    await dead.gone
    await this.#namePid(pid)
    const refused = await this.#race(two, 0)
    this.#recycled += 1
    if (refused.won) this.#isWrong('a lock file with a dead number let a second one in')
    await closed(one)
  }

  async #namePid(pid: number): Promise<void> {
    for (const name of PID_FILES) await writeFile(join(this.#place.dir, 'journal', name), `${pid}\n`)
  }

  #race(racer: RegisterProcess, atEpochMs: number): Promise<Raced> {
    const raced = new Promise<Raced>(resolve => {
      racer.hear = said => {
        if (said.said === 'raced') resolve(said)
      }
    })
    racer.tell({ order: 'race', place: this.#place, atEpochMs })
    const dead = racer.gone.then(() => ({ won: false, code: 'died', tookMs: 0 }))
    return Promise.race([raced, dead])
  }

  #isWrong(what: string): void {
    if (this.#wrong.length < MAX_WRONG) this.#wrong.push(what)
  }
}

async function closed(racer: RegisterProcess): Promise<void> {
  const done = new Promise<void>(resolve => {
    racer.hear = said => {
      if (said.said === 'closed') resolve()
    }
  })
  racer.tell({ order: 'close' })
  await Promise.race([done, racer.gone])
}
