# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""An SDI-12 recorder (SDI-12 standard, version 1.4): start reading at recorder.py; line.py keeps the times.

What version 1.4 added, high-volume measurements and metadata, is in full_recorder.py.
"""
