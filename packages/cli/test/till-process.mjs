// A till in a process of its own: `till-process.mjs DIR FROM TO` sells so many pens, says `sold`, and stays open until it
// is killed. Runs on what was built.
import { openTill } from '@cashdesk/sdk'

const [dir, from, to] = process.argv.slice(2)
const till = await openTill({ dir, lane: '7', currency: 'EUR' })
for (let number = Number(from); number <= Number(to); number += 1) {
  const sale = await till.sale({ id: `P-${number}`, operator: 'Anna Muster' })
  await sale.add({ line: '1', article: { name: 'Pen', priceMinor: 199, vat: 1900 } })
  await sale.pay({ id: 'cash', by: 'cash', given: 200 })
  await sale.finish()
}
process.stdout.write('sold\n')
setInterval(() => undefined, 60_000)
