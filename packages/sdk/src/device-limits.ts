// How long the sdk waits for a driver. A driver ends every order by itself; this is the second line, far beyond it.

/** Longer than the longest dialogue that a terminal's driver allows (30 minutes). */
export const TERMINAL_LIMIT_MS = 2_700_000
export const PRINTER_LIMIT_MS = 120_000
/** How long a customer has for a PIN if the plugin does not say. */
export const PIN_ENTRY_MS = 60_000
/** Between the end of that time and the pad's last word: the till ends the entry, the pad answers or its driver gives up. */
export const PIN_MARGIN_MS = 30_000
