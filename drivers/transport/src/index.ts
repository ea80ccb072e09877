// Byte streams to devices: TCP, serial, file.
export {}
