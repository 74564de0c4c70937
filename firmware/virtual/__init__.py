"""A station without hardware: real firmware in real MicroPython; flash, instruments, power and time are simulated."""
