// Lets Node do what it can do now. Simulated time stands still meanwhile.

/** Resolves after everything that is ready has run. */
export function turn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
