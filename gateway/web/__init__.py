"""The gateway's page: stations, hydrographs, flags, bulletins, and the same numbers for programs."""

from .access import Guard
from .app import create_app
from .bounded_connection import BoundedConnection
from .monitoring import Monitored

__all__ = ["BoundedConnection", "Guard", "Monitored", "create_app"]
