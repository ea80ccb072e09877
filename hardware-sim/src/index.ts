// Simulated devices that speak the real bytes.
export {}
