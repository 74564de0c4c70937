"""The bench: gives virtual stations power, flash, serial instruments and time."""

from firmware.virtual.host.battery import Battery, Draw, clear_day
from firmware.virtual.host.bench import Bench, StationFailed
from firmware.virtual.host.clock import Clock
from firmware.virtual.host.queue_reading import count_records, count_waiting
from firmware.virtual.host.river import River, RiverError, read_river, synthetic_flood
from firmware.virtual.host.station import VirtualStation
from firmware.virtual.host.time_server import TimeServer

__all__ = [
    "Battery",
    "Bench",
    "Clock",
    "Draw",
    "River",
    "RiverError",
    "StationFailed",
    "TimeServer",
    "VirtualStation",
    "clear_day",
    "count_records",
    "count_waiting",
    "read_river",
    "synthetic_flood",
]
