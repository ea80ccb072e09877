// The simulated world around a till: disk, network, time and chance.
export * from './clock.ts'
export * from './disk.ts'
export * from './network.ts'
export * from './random.ts'
