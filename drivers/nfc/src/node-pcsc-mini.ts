// Readers through pcsc-mini, which brings its addon built: for Windows, for Electron, and wherever there is no
// compiler.
/// <reference path="./packages.d.ts" />
import { setTimeout as pause } from 'node:timers/promises'
import type { Card, Reader } from 'pcsc-mini'
import { type Binding, type BindingListener, ReaderWatch, type ReaderWire, reasonOf } from './node-binding.ts'
import { claimReader } from './node-claim.ts'

/** Without a service `start` throws: it is tried again after this time. */
const LOOK_MS = 500

/** @throws whatever loading a package throws that is not there */
export async function loadPcscMini(): Promise<Binding> {
  const { CardDisposition, CardMode, Client } = await import('pcsc-mini')
  const wireOf = (reader: Reader): ReaderWire => {
    let card: Card | undefined
    return {
      claim: () => claimReader(reader.name()),
      connect: async () => {
        card = await reader.connect(CardMode.SHARED)
        // With a reader's state 0.1.3 delivers an answer to reset of the right length and with other bytes.
        return Uint8Array.from((await card.state()).atr)
      },
      disconnect: async () => {
        const last = card
        card = undefined
        await last?.disconnect(CardDisposition.LEAVE)
      },
      transmit: async apdu => {
        if (card === undefined) throw new TypeError('not connected')
        return Uint8Array.from(await card.transmit(apdu))
      },
    }
  }
  return {
    name: 'pcsc-mini',
    run: async (listener, meant) => {
      for (let told = false; ; told = true) {
        const client = new Client()
        try {
          return await attached(client, wireOf, listener, meant)
        } catch (thrown) {
          if (!told) listener.service(false, reasonOf(thrown))
          await pause(LOOK_MS)
        }
      }
    },
  }
}

function attached(
  client: import('pcsc-mini').Client,
  wireOf: (reader: Reader) => ReaderWire,
  listener: BindingListener,
  meant: (reader: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    client.on('error', (error: unknown) => resolve(reasonOf(error)))
    client.on('reader', (reader: Reader) => {
      const name = reader.name()
      if (!meant(name)) return
      const watched = new ReaderWatch(name, wireOf(reader), listener)
      reader.on('change', (status: { readonly raw: number }, atr: Uint8Array) =>
        watched.state(status.raw, atr),
      )
      reader.on('disconnect', () => {
        watched.gone()
        listener.readerGone(name)
      })
      listener.reader(name)
    })
    try {
      client.start()
    } catch (thrown) {
      reject(thrown)
      return
    }
    listener.service(true)
  })
}
