// A gate before any scanner: while the till asks something, one scan is taken or none. What comes meanwhile is refused
// and told, never kept: a code that was scanned before a question was read must not answer it.
import { CashdeskError, type DeviceHealth, type Scanner, type ScannerHost } from '@cashdesk/kernel'

/** `all` scans pass, the next `one` alone, or `none`. */
export type Passing = 'all' | 'one' | 'none'

export interface GatedScanner extends Scanner {
  /** Holds from now on; after `one` scan nothing passes until it is called again. */
  allow(scans: Passing): void
}

/** Puts a gate before `scanner`; open for all scans at first. Refused ones are told as `scanner.refused`. */
export function gatedScanner(scanner: Scanner): GatedScanner {
  return new Gate(scanner)
}

class Gate implements GatedScanner {
  readonly family = 'scanner'
  readonly #scanner: Scanner
  #passing: Passing = 'all'
  #refused = 0

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  get name(): string {
    return this.#scanner.name
  }

  allow(scans: Passing): void {
    this.#passing = scans
  }

  open(host: ScannerHost): Promise<void> {
    return this.#scanner.open({
      ...host,
      healthChanged: () => host.healthChanged(this.health()),
      scanned: scan => {
        if (this.#passing === 'none') {
          this.#refused += 1
          host.discarded(new CashdeskError('scanner.refused', { source: scan.source }))
          return
        }
        if (this.#passing === 'one') this.#passing = 'none'
        host.scanned(scan)
      },
    })
  }

  health(): DeviceHealth {
    const health = this.#scanner.health()
    return { ...health, counts: { ...health.counts, refused: this.#refused } }
  }

  close(): Promise<void> {
    return this.#scanner.close()
  }
}
