// Simulated devices that speak the real bytes.
export * from './printer/index.ts'
export * from './program.ts'
export * from './programs.ts'
export * from './scanner/index.ts'
export * from './terminal/index.ts'
export * from './world/index.ts'
