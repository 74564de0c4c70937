"""A station without hardware: the real firmware in the real MicroPython, with flash, instruments, power and time simulated."""
