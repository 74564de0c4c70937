# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""The station application: measure, keep, send, sleep."""

VERSION = "0.1.0"
