// Readers through nfc-pcsc. Its own handling of cards is taken off, because it swallows what goes wrong and wants an
// application's name before it reads an ISO-DEP card; its connections and transmissions are used.
/// <reference path="./packages.d.ts" />
import type { Reader } from 'nfc-pcsc'
import { type Binding, type BindingListener, ReaderWatch, type ReaderWire, reasonOf } from './node-binding.ts'
import { serviceThere } from './node-service.ts'

/** Room for the longest answer: 65536 bytes and the status word. */
const ANSWER_BYTES = 65_538

/** @throws whatever loading a package throws that is not there, or not built */
export async function loadNfcPcsc(): Promise<Binding> {
  const { NFC } = await import('nfc-pcsc')
  return {
    name: 'nfc-pcsc',
    run: async listener => {
      await serviceThere(reason => listener.service(false, reason))
      return new Promise(resolve => {
        // Without a service this line would not return: then the watchdog ends the process.
        const nfc = new NFC()
        nfc.on('error', (error: unknown) => resolve(reasonOf(error)))
        nfc.on('reader', (reader: Reader) => watch(reader, listener, resolve))
        listener.service(true)
      })
    },
  }
}

function watch(reader: Reader, listener: BindingListener, lost: (reason: string) => void): void {
  reader.autoProcessing = false
  reader.reader.removeAllListeners('status')
  const watched = new ReaderWatch(reader.name, wireOf(reader), listener)
  reader.reader.on('status', (status: { readonly state: number; readonly atr?: Uint8Array }) =>
    watched.state(status.state, status.atr),
  )
  // Without this listener an unplugged reader would end the process by an unhandled error.
  reader.on('error', (error: unknown) => {
    if (/service|0x8010001d|0x8010001e/i.test(reasonOf(error))) lost(reasonOf(error))
  })
  reader.on('end', () => {
    watched.gone()
    listener.readerGone(reader.name)
  })
  listener.reader(reader.name)
}

function wireOf(reader: Reader): ReaderWire {
  return {
    connect: async () => {
      const connection = await reader.connect()
      // The addon still holds the card before: what it would answer with is no connection to this one.
      if (connection.protocol === undefined) throw new TypeError('the connection before is still held')
      reader.card = {}
      return undefined
    },
    disconnect: async () => {
      reader.card = null
      if (reader.connection !== null) await reader.disconnect()
    },
    transmit: async apdu => Uint8Array.from(await reader.transmit(Buffer.from(apdu), ANSWER_BYTES)),
  }
}
