// The simulated world around a till: disk, time and chance.
export * from './clock.ts'
export * from './disk.ts'
export * from './random.ts'
