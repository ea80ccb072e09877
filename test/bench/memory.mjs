// How much memory a till takes: standing idle, after a million scans, and as one lane of a thousand in one process.
// Each in a process of its own, with Node's own settings; what is counted is the resident set the system reports.

import { once } from './child.mjs'
import { assertRight, atMost, figure } from './figures.mjs'

const IN_MB = 1_048_576

export async function run({ rounds, quick, progress }) {
  const scans = quick ? 40_000 : 1_000_000
  const lanes = quick ? 100 : 1_000
  const notes = quick ? [`Quick: ${scans} scans and ${lanes} lanes instead of 1000000 and 1000.`] : []
  const idle = []
  for (let round = 0; round < rounds; round += 1) {
    progress(`Idle till, ${round + 1} of ${rounds} …`)
    idle.push(await once('memory', { part: 'idle' }))
  }
  progress(`${lanes} lanes …`)
  const crowd = await once('memory', { part: 'lanes', lanes })
  progress(`${scans} scans …`)
  const worn = await once('memory', { part: 'scans', scans })
  // A register may tell Node to keep its young generation small; then a fifth of the scans shows the same.
  const small = { env: { NODE_OPTIONS: '--max-semi-space-size=4' } }
  const wornSmall = await once('memory', { part: 'scans', scans: scans / 5 }, small)
  assertRight(worn.lines === scans, `${scans} scans made ${worn.lines} lines`)
  const middle = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] / IN_MB
  return {
    figures: {
      idle: atMost(70, middle(idle.map(each => each.rss)), 'MB', 1),
      bareNode: figure(middle(idle.map(each => each.bareRss)), 'MB', 1),
      afterScans: atMost(100, worn.endRss / IN_MB, 'MB', 1),
      secondHalfGrowth: atMost(5, (worn.endRss - worn.halfRss) / IN_MB, 'MB', 1),
      highestWhileScanning: figure(worn.highestRss / IN_MB, 'MB', 1),
      afterScansSmallYoung: figure(wornSmall.endRss / IN_MB, 'MB, --max-semi-space-size=4', 1),
      heapAfterScans: figure(worn.heap / IN_MB, 'MB', 1),
      scans: figure(scans, '', 0),
      perLane: atMost(1, (crowd.rss - crowd.oneRss) / (lanes - 1) / IN_MB, 'MB', 2),
      allLanes: figure(crowd.rss / IN_MB, 'MB', 1),
      lanes: figure(lanes, '', 0),
    },
    notes,
  }
}
