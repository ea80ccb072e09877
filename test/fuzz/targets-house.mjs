// What comes over the network or from a person's file: requests to the reference host, configurations, byte tools.

import { readDocument } from '../../packages/cli/dist/document.js'
import { readTlvs } from '../../packages/kernel/dist/index.js'
import { tlvs } from './grammar.mjs'
import { asciiOf, bytesOf } from './inputs.mjs'

const DOCUMENTS = [
  '{"dir":"till","lane":"7","currency":"EUR","scanner":{"kind":"tcp","host":"127.0.0.1","port":4001}}',
  '{"plugins":[{"plugin":"activation","password":{"secret":"env:PW"}}],"articles":[[[1]],null,true,-1e9]}',
  '{"a":"\\ud83d\\ude00 \\" \\\\ ","a":1}',
].map(asciiOf)

/** Mistakes are found, never thrown, and a document in order has none. */
function documents() {
  return {
    take: bytes => readDocument(new TextDecoder().decode(bytes)).mistakes.length,
    rest: () => undefined,
    proves: () => readDocument('{"lane":"7"}').mistakes.length === 0,
    holds: () => 0,
  }
}

const TLVS = ['1f0702000a', '06822002', '2511 0703414243 0704444546 47 0900', '830200ff e10582030102 03'].map(
  bytesOf,
)

function containers() {
  return {
    take: bytes => readTlvs(bytes).items.length,
    rest: () => undefined,
    proves: () => readTlvs(bytesOf('070141')).items.length === 1,
    holds: () => 0,
  }
}

export const targets = {
  'config-document': {
    pure: true,
    weight: 4,
    good: DOCUMENTS,
    open: documents,
    saysAtMost: bytes => 4 + 2 * bytes,
    holdsAtMost: 0,
  },
  tlv: {
    pure: true,
    weight: 10,
    good: TLVS,
    make: tlvs,
    open: containers,
    saysAtMost: bytes => 1 + bytes,
    holdsAtMost: 0,
  },
}
