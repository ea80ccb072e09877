// Receipt printer driver (ESC/POS).
export {}
