// How long the sdk waits for a driver. A driver ends every order by itself; this is the second line, far beyond it.

/** Longer than the longest dialogue that a terminal's driver allows (30 minutes). */
export const TERMINAL_LIMIT_MS = 2_700_000
export const PRINTER_LIMIT_MS = 120_000
