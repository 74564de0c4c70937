"""The command line, the demo and the basin file of rivergauge."""

__version__ = "0.1.0"
