# Shared dialect: runs on MicroPython for the RP2.
"""Which pin does what on this station's board; change it to match the wiring."""

# port number in the configuration: (UART, TX pin, RX pin)
SERIAL_PORTS = {1: (0, 0, 1), 2: (1, 4, 5)}

# port number: pin that is high while the board sends, for an RS-485 or SDI-12 driver that shares the line
DIRECTION_PINS = {2: 6}

# power switch number in the configuration: pin, high = on
POWER_SWITCHES = {1: 14, 2: 15}

BATTERY_PIN = 28
BATTERY_DIVIDER = 5.7  # supply voltage over voltage at the pin: 470 kOhm and 100 kOhm
ADC_REFERENCE_V = 3.3
