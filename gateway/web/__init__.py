"""The gateway's page: stations, hydrographs, flags, bulletins, and the same numbers for programs."""

from .app import create_app

__all__ = ["create_app"]
