# Shared dialect: runs on MicroPython and CPython.
"""The contract of stations and gateways: messages, their bytes and names, without I/O and without a clock."""
