"""The demo: a whole basin on this machine, from the serial line of a simulated sensor to a flag on a bulletin."""

from .command import demo

__all__ = ["demo"]
