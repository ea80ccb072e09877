// The two PC/SC packages, as far as they are used here. Both are optional and one brings no types: what is not
// installed must not be needed to compile.

declare module 'nfc-pcsc' {
  import type { EventEmitter } from 'node:events'

  /** The addon's reader. `status` comes with every change of its state. */
  interface RawReader extends EventEmitter {
    connected: boolean
  }

  export interface Reader extends EventEmitter {
    readonly name: string
    readonly reader: RawReader
    autoProcessing: boolean
    card: object | null
    connection: { readonly protocol?: number } | null
    connect(): Promise<{ readonly protocol?: number }>
    disconnect(): Promise<boolean>
    transmit(data: Buffer, responseMaxLength: number): Promise<Buffer>
  }

  export class NFC extends EventEmitter {
    /** Ends its thread; no event comes afterwards. */
    close(): void
  }
}

declare module 'pcsc-mini' {
  import type { EventEmitter } from 'node:events'

  export interface Card {
    transmit(apdu: Uint8Array): Promise<Uint8Array>
    state(): Promise<{ readonly atr: Uint8Array }>
    disconnect(then: number): Promise<void>
  }

  export interface Reader extends EventEmitter {
    name(): string
    connect(mode: number): Promise<Card>
  }

  export class Client extends EventEmitter {
    start(): Client
    stop(): void
  }

  export const CardMode: { readonly SHARED: number }
  export const CardDisposition: { readonly LEAVE: number }
}
