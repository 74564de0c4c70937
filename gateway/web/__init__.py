"""The gateway's page: stations, hydrographs, flags, bulletins, and the same numbers for programs."""

from .access import Guard
from .app import create_app
from .monitoring import Monitored

__all__ = ["Guard", "Monitored", "create_app"]
