// Whatever a till sends: the simulated pad throws nothing, keeps nothing, and obeys the next good packet.
import { describe, expect, test } from 'vitest'
import { SimClock } from '../world/clock.ts'
import { SimRandom } from '../world/random.ts'
import { Ear, spoken } from './codec.ts'
import { simulatedPinpad } from './in-process.ts'

const RUNS = Number(process.env['FUZZ'] ?? 2_000)
const REQUEST = 'Z62.4012345678909\u001cDUKPT ENCRYPTION0412NPIN\u001cPIN\u001cWAIT'

/** Packets with flipped bits, halves of them, and noise. */
function rubbish(random: SimRandom): Uint8Array {
  const [kind = 0, at = 0, flip = 0, length = 0] = random.bytes(4)
  if (kind < 80) return random.bytes(length)
  const text = kind < 120 ? '72' : kind < 160 ? 'Z60.123\u001cX' : REQUEST
  const packet = spoken(text, kind % 16 === 0, kind % 4 === 0)
  if (kind % 3 === 0) return packet.subarray(0, at % packet.length)
  packet[at % packet.length] = (packet[at % packet.length] ?? 0) ^ (1 << (flip % 8))
  return packet
}

describe('rubbish from a till', () => {
  test('never hides the second of two good packets behind it', () => {
    const random = new SimRandom(5)
    for (let run = 0; run < RUNS; run += 1) {
      const ear = new Ear()
      ear.hear(rubbish(random))
      const heard = ear.hear(Buffer.concat([spoken('72'), spoken('72')]))
      expect(heard.at(-1)).toEqual({ what: 'packet', admin: false, text: '72' })
    }
  })

  test('leaves a pad that still asks for a PIN and answers', async () => {
    const random = new SimRandom(6)
    const clock = new SimClock()
    const sim = simulatedPinpad({ clock })
    await clock.settle(0)
    let said: number[] = []
    const line = sim.peer({ data: bytes => void said.push(...bytes), close: () => undefined })
    for (let run = 0; run < RUNS / 10; run += 1) {
      for (let part = 0; part < 10; part += 1) line?.data(rubbish(random))
      await clock.settle(20_000)
      line?.data(spoken('72'))
      line?.data(spoken('72'))
      said = []
      line?.data(spoken(REQUEST))
      expect(sim.state()).toMatchObject({ entering: true, display: 'PIN' })
      sim.press('1234E')
      await clock.settle(1)
      expect(Buffer.from(said).toString('latin1')).toContain('73.000009876543210E')
      line?.data(Uint8Array.of(6))
    }
  })
})
