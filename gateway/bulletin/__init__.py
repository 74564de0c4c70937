"""Bulletins: what the stations of a basin measured in a period, each number with where it comes from."""

from .compose import compose, read_report
from .files import Paths, list_bulletins, write_bulletin
from .model import Bulletin

__all__ = ["Bulletin", "Paths", "compose", "list_bulletins", "read_report", "write_bulletin"]
