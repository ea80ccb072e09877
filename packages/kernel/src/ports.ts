// The narrow interfaces through which everything touches the world. Node implements them in the sdk,
// the journal and the transports; `hardware-sim` implements them with seeded accidents.
import type { EpochMs } from './brand.ts'
import type { CashdeskError } from './errors.ts'

/** Stops what it was returned for. Calling it twice is harmless. */
export type Stop = () => void

/** What an `AbortSignal` is to us; any of them fits. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Time. The only source of it: nothing else may read a clock or set a timer. */
export interface Clock {
  /** Wall-clock time in ms since the epoch. May step in either direction. */
  now(): EpochMs
  /** Milliseconds since some fixed point. Never steps back. */
  monotonicMs(): number
  /** Calls `wake` once after `delayMs` of monotonic time, unless stopped before. */
  after(delayMs: number, wake: () => void): Stop
}

/** Unguessable bytes. */
export interface Random {
  bytes(length: number): Uint8Array
}

/** What a byte stream tells its owner. After `closed` nothing more is said. */
export interface TransportListener {
  /** Some bytes arrived, cut anywhere. The array is the listener's to keep. */
  data(bytes: Uint8Array): void
  /** The stream ended. `cause` is absent when our own `close` ended it. */
  closed(cause?: CashdeskError): void
}

/** One open byte stream. */
export interface Connection {
  /** Resolves when the operating system took the bytes; that says nothing about the other side. */
  write(bytes: Uint8Array): Promise<void>
  /** Ends the stream. Resolves when it is gone; harmless when it already is. */
  close(): Promise<void>
}

/** A way to reach a device: it can be opened again and again, one connection at a time. */
export interface Transport {
  /** How a person would name it: `tcp 10.0.0.7:20007`, `serial COM3`. */
  readonly name: string
  /** Nothing ever comes back on it, and every write is a job of its own (a spooler): no driver asks anything. */
  readonly oneWay?: boolean
  /** It stays although the device loses its power, as a serial line does: nobody hears of that. */
  readonly staysUp?: boolean
  /** @throws CashdeskError `transport.unreachable` or `transport.timeout` */
  open(
    listener: TransportListener,
    options?: { readonly timeoutMs?: number; readonly signal?: CancelSignal },
  ): Promise<Connection>
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Complete, with credentials filled in: never log it. */
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number
  readonly signal?: CancelSignal
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** One attempt, no redirects followed, nothing repeated behind the caller's back. */
export interface Http {
  /**
   * @throws CashdeskError `http.not-sent` when the request certainly never left (name unknown, connection refused);
   * `http.no-answer` when it may have arrived: time-out, reset, cut in the middle.
   */
  send(request: HttpRequest): Promise<HttpResponse>
}

/** Where a structured line of log goes. Secrets are taken out before it is called. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  detail?: { readonly [name: string]: unknown },
) => void

/** An open file on a `Disk`. Offsets and lengths in bytes. */
export interface DiskFile {
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Writes all of `bytes` at `offset`. Not durable before `sync`. */
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Makes everything written so far survive power loss (fdatasync). A failure is final: never sync again. */
  sync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** Held until released or until the process dies, however it dies. */
export interface DiskLock {
  release(): Promise<void>
}

/** A directory tree on which durability can be promised. Paths use `/` and are relative to its root. */
export interface Disk {
  /** For messages only. */
  readonly name: string
  /** Names in `folder`, sorted; an absent folder has none. */
  list(folder: string): Promise<readonly string[]>
  /** Opens an existing file. @throws CashdeskError `disk.failed` with `detail.reason` (`ENOENT`, `EACCES`, `EROFS`, …) */
  open(path: string, mode: 'read' | 'write'): Promise<DiskFile>
  /** Creates a new file; refuses an existing one. The entry is durable only after `syncFolder`. */
  create(path: string): Promise<DiskFile>
  makeFolder(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes the entries of `folder` survive power loss. Where the system has no such call it does nothing. */
  syncFolder(folder: string): Promise<void>
  /** @throws CashdeskError `journal.in-use` when another process holds it, `disk.network-volume` where locks do not hold */
  lock(folder: string): Promise<DiskLock>
  /** What identifies this copy of `folder`: machine and inode. It changes when a backup is restored or a disk is copied. */
  identity(folder: string): Promise<string>
}
