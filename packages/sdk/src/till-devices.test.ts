// What the devices ask and tell beside payments and codes: questions of the terminal, cards at a reader.
import type { NfcHost, NfcReader, Outcome, Tap, TerminalQuestion } from '@cashdesk/kernel'
import { refused, report } from '@cashdesk/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BREAD } from '../test/node-register.ts'
import { openShop, type Shop } from '../test/node-shop.ts'
import type { Till } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.end())

const SIGNATURE: TerminalQuestion = {
  kind: 'signature',
  text: 'Signature good?',
  facts: { amountMinor: 250, currency: 'EUR' },
}

async function paid(till: Till): Promise<void> {
  const sale = await till.sale({ id: 'R-1' })
  await sale.add({ line: '1', gtin: BREAD })
  expect((await sale.pay({ id: 'P-1', by: 'card' })).outcome).toBe('done')
}

describe('a question of the terminal', () => {
  beforeEach(() => {
    shop.terminal.asks = SIGNATURE
  })

  it('reaches the register with the payment that it is about, and its answer the terminal', async () => {
    const heard: unknown[] = []
    const till = await shop.till({
      onQuestion: (question, about) => {
        heard.push([question.kind, about])
        return { answer: 'yes' }
      },
    })
    await paid(till)
    expect(heard).toEqual([['signature', { sale: 'R-1', payment: 'P-1' }]])
    expect(shop.terminal.told).toEqual([{ answer: 'yes' }])
  })

  it('is never answered with yes where nobody listens, or who listens fails', async () => {
    await paid(await shop.till())
    expect(shop.terminal.told).toEqual(['nobody'])
  })

  it('is a no where who listens fails', async () => {
    const till = await shop.till({
      onQuestion: () => {
        throw new TypeError('the screen is gone')
      },
    })
    await paid(till)
    expect(shop.terminal.told).toEqual(['nobody'])
  })
})

class ScriptedReader implements NfcReader {
  readonly family = 'nfc'
  readonly name = 'scripted reader'
  host: NfcHost | undefined

  health(): ReturnType<NfcReader['health']> {
    return { family: 'nfc', name: this.name, state: this.host ? 'ready' : 'closed', counts: {}, facts: {} }
  }

  async open(host: NfcHost): Promise<void> {
    this.host = host
  }

  async close(): Promise<void> {
    this.host = undefined
  }

  async exchange(): Promise<Outcome<readonly Uint8Array[]>> {
    return refused(report('terminal.absent'))
  }
}

describe('a card at the reader', () => {
  it('is told to the register, which says what it means', async () => {
    const nfc = new ScriptedReader()
    const till = await shop.till({ nfc })
    const heard: unknown[] = []
    till.on('tap', ({ card, uid }) => heard.push(['tap', card, uid?.origin]))
    till.on('removed', ({ card }) => heard.push(['removed', card]))
    expect(till.devices().map(({ family, state }) => `${family} ${state}`)).toContain('nfc ready')
    const tap: Tap = {
      card: '1',
      source: nfc.name,
      reader: 'reader 0',
      at: 0,
      atr: '3B8080010101',
      technology: 'iso-dep',
      uid: { hex: '08A1B2C3', origin: 'random' },
      capabilities: ['uid'],
      applications: {},
    }
    nfc.host?.tapped(tap)
    nfc.host?.removed({ card: '1', source: nfc.name, at: 0 })
    expect(heard).toEqual([
      ['tap', '1', 'random'],
      ['removed', '1'],
    ])
    expect(till.unfinished()).toEqual([])
    await till.close()
    expect(nfc.host).toBeUndefined()
  })
})
