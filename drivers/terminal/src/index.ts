// Payment terminal driver (ZVT).
export {}
