// The printer's body: paper, cover, knife, drawer, switch. It says whether printing can go on, and tells its state
// in the status bytes of ESC/POS. Bits after Epson's command reference (DLE EOT, GS r, GS a).

export interface Mechanism {
  paper: 'ok' | 'near-end' | 'out'
  cover: 'closed' | 'open'
  drawer: 'closed' | 'open'
  /** Level of drawer connector pin 3 while the drawer is open; it depends on the drawer's wiring. */
  readonly pin3WhenOpen: 'high' | 'low'
  /** Switched off-line at the panel, or by the host's interface. */
  offline: boolean
  /** The knife is stuck; `DLE ENQ`, or switching off and on, frees it. */
  cutterError: boolean
}

/** A printer in working order, with its drawer closed. */
export function readyMechanism(pin3WhenOpen: 'high' | 'low' = 'high'): Mechanism {
  return { paper: 'ok', cover: 'closed', drawer: 'closed', pin3WhenOpen, offline: false, cutterError: false }
}

/** Whether the printer takes commands from its buffer. */
export function isOnline(body: Mechanism): boolean {
  return !body.offline && body.cover === 'closed' && body.paper !== 'out' && !body.cutterError
}

/** The answer to `DLE EOT n`: bits 1 and 4 set, bits 0 and 7 clear. */
export function statusByte(body: Mechanism, n: number): number {
  if (n === 1) return 0x12 | bit(2, pin3(body)) | bit(3, !isOnline(body))
  if (n === 2) {
    return 0x12 | bit(2, body.cover === 'open') | bit(5, body.paper === 'out') | bit(6, body.cutterError)
  }
  if (n === 3) return 0x12 | bit(3, body.cutterError)
  const nearEnd = body.paper !== 'ok'
  const end = body.paper === 'out'
  return 0x12 | bit(2, nearEnd) | bit(3, nearEnd) | bit(5, end) | bit(6, end)
}

/** The answer to `GS r 1`: bits 0–1 near end, bits 2–3 end. */
export function paperByte(body: Mechanism): number {
  return (body.paper === 'ok' ? 0 : 0x03) | (body.paper === 'out' ? 0x0c : 0)
}

/** The answer to `GS r 2`. */
export function drawerByte(body: Mechanism): number {
  return bit(0, pin3(body))
}

/** The four bytes of automatic status back. */
export function automaticStatus(body: Mechanism): Uint8Array {
  return Uint8Array.of(
    0x10 | bit(2, pin3(body)) | bit(3, !isOnline(body)) | bit(5, body.cover === 'open'),
    bit(3, body.cutterError),
    paperByte(body),
    0,
  )
}

/**
 * Whether a change from `before` to `after` is one that the mask of `GS a` asks for:
 * 1 drawer, 2 on-line state, 4 error, 8 paper.
 */
export function concerns(mask: number, before: Uint8Array, after: Uint8Array): boolean {
  const changed = (index: number, bits: number): boolean =>
    (((before[index] ?? 0) ^ (after[index] ?? 0)) & bits) !== 0
  return (
    ((mask & 1) !== 0 && changed(0, 0x04)) ||
    ((mask & 2) !== 0 && changed(0, 0x28)) ||
    ((mask & 4) !== 0 && changed(1, 0xff)) ||
    ((mask & 8) !== 0 && changed(2, 0xff))
  )
}

/** The answer to `GS I n`: one byte for 1–3, `5F` text `00` for the names. */
export function identity(n: number, serial: string): Uint8Array | undefined {
  if (n === 1 || n === 49) return Uint8Array.of(0x20)
  if (n === 2 || n === 50) return Uint8Array.of(0x02)
  if (n === 3 || n === 51) return Uint8Array.of(0x01)
  const name = { 65: '1.00', 66: 'CASHDESK', 67: 'SIM-80', 68: serial, 69: '' }[n]
  return name === undefined ? undefined : Uint8Array.from([0x5f, ...Buffer.from(name, 'latin1'), 0])
}

function pin3(body: Mechanism): boolean {
  return (body.drawer === 'open') === (body.pin3WhenOpen === 'high')
}

function bit(place: number, set: boolean): number {
  return set ? 1 << place : 0
}
