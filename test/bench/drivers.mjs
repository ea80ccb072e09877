// How quick the drivers' pure halves are: APDUs of a terminal written, cut out of a stream and read; receipts encoded; codes
// read. Beside npm packages that people would use instead, on the same work, in slices that alternate.

import { dryRun } from '@cashdesk/hardware-sim'
import { cutFrames, pair, qr, readCode, rule, text } from '@cashdesk/kernel'
import { encodeReceipt, epson48 } from '@cashdesk/printer'
import { encodeApdu, ZVT_FRAMING } from '../../drivers/terminal/dist/apdu.js'
import { readStatus } from '../../drivers/terminal/dist/status.js'
import { assertRight, figure, median } from './figures.mjs'
import { devicePeer, installDevicePeers } from './peers-installed.mjs'

const NOW = 1_795_291_200_000
const SLICE_MS = 40
const GOODS = Array.from({ length: 12 }, (_, at) => [`Article number ${at + 1}`, `${at + 1}.99`])
const LINK = 'https://receipts.example/R-1017'

export async function run({ rounds, progress }) {
  const problem = installDevicePeers(progress)
  const works = { ...apduWork(), ...receiptWork(), ...codeWork(), ...(problem ? {} : await peerWorks()) }
  // Everything runs once before anything counts: it must be right, and warm.
  for (const [name, work] of Object.entries(works)) {
    await slice(work, SLICE_MS * 5)
    assertRight(await work.right(), `${name} does not do its work`)
  }
  const rates = Object.fromEntries(Object.keys(works).map(name => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    if (round % 10 === 0) progress(`Round ${round + 1} of ${rounds} …`)
    for (const [name, work] of Object.entries(works)) rates[name].push(await slice(work, SLICE_MS))
  }
  const middle = name => median(rates[name])
  const beside = (ours, theirs) => median(rates[ours].map((rate, at) => rate / rates[theirs][at]))
  const peers = problem
    ? {}
    : {
        receiptsOfReceiptPrinterEncoder: figure(middle('receiptPrinterEncoder'), 'receipts/s', 0),
        receiptsOfEscposBuffer: figure(middle('escposBuffer'), 'receipts/s', 0),
        besideReceiptPrinterEncoder: figure(beside('receipts', 'receiptPrinterEncoder'), 'times', 2),
        besideEscposBuffer: figure(beside('receipts', 'escposBuffer'), 'times', 2),
        codesOfGs1BarcodeParserMod: figure(middle('gs1BarcodeParserMod'), 'codes/s', 0),
        besideGs1BarcodeParserMod: figure(beside('codes', 'gs1BarcodeParserMod'), 'times', 2),
      }
  return {
    figures: {
      apdusWritten: figure(middle('apdusWritten'), 'frames/s', 0),
      apdusRead: figure(middle('apdusRead'), 'frames/s', 0),
      receipts: figure(middle('receipts'), 'receipts/s', 0),
      codes: figure(middle('codes'), 'codes/s', 0),
      ...peers,
    },
    notes: [
      'A receipt: 12 articles, total, QR code, cut. Ours also checks every character against the code pages before the first byte, lays out columns, and puts checkpoints into the job.',
      'A code: GS1-128 with GTIN, expiry, batch and serial. Ours also checks every check digit, length, character and companion.',
      'No package of npm speaks ZVT.',
      ...(problem ? [problem] : []),
    ],
  }
}

/** How often a second `work.once` (which does `work.of` things) runs, over about `forMs`. */
async function slice({ once, of }, forMs) {
  const started = performance.now()
  let times = 0
  let passed = 0
  do {
    await once()
    times += of
    passed = performance.now() - started
  } while (passed < forMs)
  return (times * 1000) / passed
}

// ── what is measured ────────────────────────────────────────────────────────────────────────────────────

const FRAMES = 200
const STATUS = Uint8Array.from(
  Buffer.from('270004000000001999490978' + '0b0001520c1708160d1121870153880001532952000001', 'hex'),
)

/** What the terminal says of one payment, as often as fits in a few reads of a socket. */
function apduWork() {
  const stream = Uint8Array.from(Array.from({ length: FRAMES }, () => [...encodeApdu(0x040f, STATUS)]).flat())
  const read = () => {
    let total = 0
    let pending = new Uint8Array(0)
    for (let at = 0; at < stream.length; at += 1460) {
      const cut = cutFrames(ZVT_FRAMING, pending, stream.subarray(at, at + 1460))
      pending = cut.pending
      for (const { data } of cut.frames) total += readStatus(data, NOW, 'cp437').facts.amountMinor
    }
    return total
  }
  const write = () => {
    let bytes = 0
    for (let count = 0; count < FRAMES; count += 1) bytes += encodeApdu(0x040f, STATUS).length
    return bytes
  }
  return {
    apdusWritten: { of: FRAMES, once: write, right: () => write() === stream.length },
    apdusRead: { of: FRAMES, once: read, right: () => read() === FRAMES * 1999 },
  }
}

const BATCH = 5

/** The paper says what it should, by the virtual printer. */
const onPaper = bytes => {
  const said = JSON.stringify(dryRun(bytes))
  return ['Article number 12', 'TOTAL', LINK].every(word => said.includes(word))
}

function receiptWork() {
  const document = {
    kind: 'sale',
    locale: 'en-GB',
    blocks: [
      text('Acme Ltd', { align: 'center', bold: true, size: 2 }),
      rule(),
      ...GOODS.map(([label, value]) => pair(label, value)),
      rule(),
      pair('TOTAL', '89.88', { bold: true }),
      qr(LINK),
    ],
  }
  const encode = () => encodeReceipt(document, epson48).bytes
  return { receipts: { of: BATCH, once: () => repeated(encode), right: () => onPaper(encode()) } }
}

const CODE = ']C101040123451234561724123110ABC123\u001d21SERIAL0001'

function codeWork() {
  const read = () => readCode(CODE)
  const many = () => {
    for (let count = 0; count < FRAMES; count += 1) read()
  }
  return { codes: { of: FRAMES, once: many, right: () => JSON.stringify(read()).includes('SERIAL0001') } }
}

async function peerWorks() {
  const encoders = await devicePeer('@point-of-sale/receipt-printer-encoder')
  const Encoder = encoders.default?.default ?? encoders.default
  const { Align, Cut, InMemory, Printer, Style } = (await devicePeer('escpos-buffer')).default
  const { parseBarcode } = (await devicePeer('gs1-barcode-parser-mod')).default
  const width = 48
  const line = (label, value) => label + value.padStart(width - label.length)
  const rpe = () => {
    const encoder = new Encoder({ language: 'esc-pos', columns: width, feedBeforeCut: 4 })
    encoder
      .initialize()
      .codepage('cp858')
      .align('center')
      .bold(true)
      .size(2, 2)
      .line('Acme Ltd')
      .size(1, 1)
      .bold(false)
    encoder.align('left').rule()
    for (const [label, value] of GOODS) encoder.line(line(label, value))
    return encoder.rule().bold(true).line(line('TOTAL', '89.88')).bold(false).qrcode(LINK).cut().encode()
  }
  const buffer = async () => {
    const memory = new InMemory()
    const printer = await Printer.CONNECT('TM-T20', memory)
    await printer.setColumns(width)
    await printer.writeln('Acme Ltd', Style.Bold | Style.DoubleWidth | Style.DoubleHeight, Align.Center)
    await printer.writeln('-'.repeat(width))
    for (const [label, value] of GOODS) await printer.writeln(line(label, value))
    await printer.writeln('-'.repeat(width))
    await printer.writeln(line('TOTAL', '89.88'), Style.Bold)
    await printer.qrcode(LINK)
    await printer.cutter(Cut.Partial)
    return memory.buffer()
  }
  const codes = () => {
    let items = 0
    for (let count = 0; count < FRAMES; count += 1) items += parseBarcode(CODE).parsedCodeItems.length
    return items
  }
  return {
    receiptPrinterEncoder: { of: BATCH, once: () => repeated(rpe), right: () => onPaper(rpe()) },
    escposBuffer: {
      of: BATCH,
      once: async () => {
        for (let count = 0; count < BATCH; count += 1) await buffer()
      },
      right: async () => onPaper(await buffer()),
    },
    gs1BarcodeParserMod: { of: FRAMES, once: codes, right: () => codes() === 4 * FRAMES },
  }
}

function repeated(work) {
  for (let count = 0; count < BATCH; count += 1) work()
}
