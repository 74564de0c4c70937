# Shared dialect: runs on MicroPython, and on CPython for tests and type checks.
"""Modules that one step needs and no later one: let go after it, so that their memory is free for the next.

A module stays in memory all the same while a function of it, or an object of a class with methods in it, is kept.
"""

import sys


class PassingModules:
    """What is imported first while this context is entered is let go at its end."""

    def __enter__(self):
        self._before = set(sys.modules)

    def __exit__(self, *_):
        _forget([name for name in sys.modules if name not in self._before])


def forget_below(package):
    """Let go of all modules in this package, and not of the package."""
    _forget([name for name in sys.modules if name.startswith(package + ".")])


def _forget(names):
    for name in names:
        # Overwritten before it is deleted: MicroPython's dictionaries go on referring to a value that was deleted.
        sys.modules[name] = None
        del sys.modules[name]
        package, _, leaf = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], leaf, None)
            delattr(sys.modules[package], leaf)
