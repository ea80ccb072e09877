// Readers through nfc-pcsc. Its own handling of cards is taken off, because it swallows what goes wrong and wants an
// application's name before it reads an ISO-DEP card; its connections and transmissions are used.
/// <reference path="./packages.d.ts" />
import type { NFC, Reader } from 'nfc-pcsc'
import { type Binding, type BindingListener, ReaderWatch, type ReaderWire, reasonOf } from './node-binding.ts'
import { claimReader } from './node-claim.ts'
import { serviceThere } from './node-service.ts'

/** Room for the longest answer: 65536 bytes and the status word. */
const ANSWER_BYTES = 65_538

/**
 * How long nothing but "no reader" is believed; doubled with every look in vain. When two readers come or go in quick
 * succession (one device with two slots, a service that starts), the addon's thread overwrites the list that it has not
 * handed over yet, says that there is none (@pokusew/pcsclite 0.6, HandlerFunction), and tells nothing more.
 */
const LOOK_MS = { first: 1_000, most: 10_000 } as const

/** @throws whatever loading a package throws that is not there, or not built */
export async function loadNfcPcsc(): Promise<Binding> {
  const { NFC } = await import('nfc-pcsc')
  return {
    name: 'nfc-pcsc',
    run: async (listener, meant) => {
      for (let lookMs: number = LOOK_MS.first; ; lookMs = Math.min(2 * lookMs, LOOK_MS.most)) {
        // Without a service the constructor would not return: then the watchdog ends the process.
        const service = await serviceThere(reason => listener.service(false, reason))
        const nfc = new NFC()
        listener.service(true)
        // The addon's thread can end without a word (pcsclite.cpp, HandleReaderStatusChange resets its error).
        const ended = service.gone.then(reason => ({ reason, found: true }))
        const end = await Promise.race([attached(nfc, listener, meant, lookMs), ended])
        if (end.reason !== undefined) return end.reason
        service.close()
        if (end.found) lookMs = LOOK_MS.first / 2
        nfc.removeAllListeners('reader')
        nfc.close()
      }
    },
  }
}

/** Why there is nothing more to be had; no reason: nothing was there for so long that it must be looked at anew. */
function attached(
  nfc: NFC,
  listener: BindingListener,
  meant: (reader: string) => boolean,
  lookMs: number,
): Promise<{ readonly reason?: string; readonly found: boolean }> {
  return new Promise(resolve => {
    const readers = new Set<Reader>()
    let found = false
    let look = setTimeout(again, lookMs)
    function again(): void {
      resolve({ found })
    }
    const lost = (reason: string): void => {
      clearTimeout(look)
      resolve({ reason, found })
    }
    nfc.on('error', (error: unknown) => lost(reasonOf(error)))
    nfc.on('reader', (reader: Reader) => {
      clearTimeout(look)
      found = true
      readers.add(reader)
      silence(reader, lost)
      if (meant(reader.name)) watch(reader, listener)
      reader.on('end', () => {
        readers.delete(reader)
        if (readers.size > 0) return
        clearTimeout(look)
        look = setTimeout(again, LOOK_MS.first)
      })
    })
  })
}

/** The package itself does nothing with a reader, and its errors end no process. */
function silence(reader: Reader, lost: (reason: string) => void): void {
  reader.autoProcessing = false
  reader.reader.removeAllListeners('status')
  // Without this listener an unplugged reader would end the process by an unhandled error.
  reader.on('error', (error: unknown) => {
    if (/service|0x8010001d|0x8010001e/i.test(reasonOf(error))) lost(reasonOf(error))
  })
}

function watch(reader: Reader, listener: BindingListener): void {
  const watched = new ReaderWatch(reader.name, wireOf(reader), listener)
  reader.reader.on('status', (status: { readonly state: number; readonly atr?: Uint8Array }) =>
    watched.state(status.state, status.atr),
  )
  reader.on('end', () => {
    watched.gone()
    listener.readerGone(reader.name)
  })
  listener.reader(reader.name)
}

function wireOf(reader: Reader): ReaderWire {
  return {
    claim: () => claimReader(reader.name),
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
