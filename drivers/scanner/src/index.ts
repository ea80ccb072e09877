// Barcode scanner driver.
export {}
