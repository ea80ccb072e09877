// A worker process: plays the days that it is sent, and sends home what they counted.
import { addDay, emptyTotal, type Orders, type Slice } from './crowd.ts'
import { playDay } from './day.ts'

// Errors are made by the thousand here, and nobody reads where: a replay in this very process does.
Error.stackTraceLimit = 0

process.on('message', (orders: Orders) => {
  void play(orders)
})

async function play({ seeds, off, stopAtFirst }: Orders): Promise<void> {
  const total = emptyTotal()
  const before = process.cpuUsage()
  for (const seed of seeds) {
    addDay(total, await playDay(seed, { off: new Set(off) }))
    if (stopAtFirst && total.failures.length > 0) break
  }
  const { user, system } = process.cpuUsage(before)
  const slice: Slice = {
    ...total,
    cpuMs: (user + system) / 1000,
    accidents: [...total.accidents],
    situations: [...total.situations],
    transitions: [...total.transitions],
    points: [...total.points],
  }
  process.send?.(slice)
}
