// The wire profiles that come with the plugin. Names, order and codes stand here and nowhere else.
import type { WireProfile } from './wire-profile.ts'

const NAMED = [{ name: 'operation', from: 'about' }] as const

/**
 * The published ContentCard request (method, parameter names, their order, reservation and activation on servers of
 * their own) with the answers, release, renewal, void and status of docs/host-activation.md.
 */
const CASHDESK_1: WireProfile = {
  name: 'cashdesk-1',
  path: '/contentcard/contentcard.php',
  serviceid: '1',
  version: '1',
  parameters: [
    { name: 'user', from: 'user' },
    { name: 'pass', from: 'password' },
    { name: 'cspid', from: 'cspid' },
    { name: 'action', from: 'action' },
    { name: 'serial', from: 'serial' },
    { name: 'prodid', from: 'prodid' },
    { name: 'serviceid', from: 'serviceid' },
    { name: 'version', from: 'version' },
  ],
  shapes: { serial: '^[A-Za-z0-9._-]{1,64}$', prodid: '^[A-Za-z0-9._-]{1,32}$' },
  operations: {
    reserve: { action: '1', servers: 'reservation', done: ['reserved'] },
    renew: { action: '5', servers: 'reservation', parameters: NAMED, done: ['renewed'] },
    release: { action: '3', servers: 'reservation', parameters: NAMED, done: ['released'] },
    commit: { action: '2', servers: 'activation', parameters: NAMED, done: ['activated'] },
    void: { action: '6', servers: 'activation', parameters: NAMED, done: ['voided'] },
  },
  deferrable: true,
  query: {
    action: '4',
    parameters: [{ name: 'operation', from: 'operation' }],
    gone: { reserve: ['released'], commit: ['voided'] },
  },
  answer: {
    done: [200],
    refused: [409],
    notFound: [404],
    result: { name: 'result', refused: ['refused'], notFound: ['not-found'] },
    operation: 'operation',
    reason: {
      name: 'reason',
      codes: {
        'unknown-serial': 'claim.unknown-serial',
        'wrong-article': 'claim.wrong-article',
        'already-active': 'claim.already-active',
        taken: 'claim.taken',
        expired: 'claim.expired',
        released: 'claim.refused',
        'too-late': 'claim.refused',
        'not-allowed': 'claim.refused',
      },
    },
    expiresInMs: 'expiresInMs',
    facts: { activatedAt: 'activatedAt' },
  },
  patience: {
    // Two attempts fit into what a customer waits for a reservation.
    timeoutMs: 4_000,
    reserveLimitMs: 8_000,
    retry: { firstMs: 500, factor: 2, maxMs: 60_000, jitter: 0.3 },
    // The same id is answered once. A query would bury an id that was never seen, and cost another request.
    onUnknown: 'repeat',
    taskAfterMs: 30 * 60_000,
    breaker: { failures: 5, coolMs: 15_000 },
  },
}

export type ProfileName = 'cashdesk-1'

export const PROFILES: { readonly [name in ProfileName]: WireProfile } = { 'cashdesk-1': CASHDESK_1 }
