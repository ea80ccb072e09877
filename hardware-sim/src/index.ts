// Simulated devices that speak the real bytes.
export * from './program.ts'
export * from './programs.ts'
