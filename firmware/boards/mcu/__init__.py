# Shared dialect: runs on the microcontroller ports of MicroPython.
"""What MicroPython's microcontroller ports have in common: used by the boards beside this folder."""
