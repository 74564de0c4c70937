"""Instruments simulated at byte level, by the kind that a station's configuration names."""

from collections.abc import Callable
from typing import Any

from firmware.virtual.sensors.cell_modem import CellModem
from firmware.virtual.sensors.geolux import GeoluxModbus, GeoluxSerial
from firmware.virtual.sensors.instrument import Instrument
from firmware.virtual.sensors.keller import KellerPressureSensor
from firmware.virtual.sensors.maxbotix import HRXL_WR, HRXL_WRL, MaxbotixHrxl
from firmware.virtual.sensors.sdi12_instruments import make_ott_pls, make_rq30, make_vegapuls_c21
from firmware.virtual.sensors.tipping_bucket import TippingBucket

__all__ = ["INSTRUMENTS", "PULSE_INSTRUMENTS", "CellModem", "TippingBucket"]

# kind -> make(sensor of station.json, stage_m_at(unix_ms))
INSTRUMENTS: dict[str, Callable[[dict[str, Any], Callable[[int], float | None]], Instrument]] = {
    "maxbotix-hrxl": lambda sensor, stage_m_at: MaxbotixHrxl(HRXL_WR, sensor["zero_distance_m"], stage_m_at),
    "maxbotix-hrxl-wrl": lambda sensor, stage_m_at: MaxbotixHrxl(HRXL_WRL, sensor["zero_distance_m"], stage_m_at),
    "geolux-lx80": lambda sensor, stage_m_at: GeoluxSerial(sensor["zero_distance_m"], stage_m_at),
    "geolux-lx80-modbus": lambda sensor, stage_m_at: GeoluxModbus(
        sensor["modbus_address"], sensor["zero_distance_m"], stage_m_at
    ),
    "keller-30": lambda sensor, stage_m_at: KellerPressureSensor(
        sensor["modbus_address"], sensor["stage_at_zero_m"], sensor["barometer"] == "vented", stage_m_at
    ),
    "ott-pls": make_ott_pls,
    "vegapuls-c21": make_vegapuls_c21,
    "sommer-rq30": make_rq30,
}

# The same for what is on a pulse input of the board.
PULSE_INSTRUMENTS: dict[str, Callable[[dict[str, Any]], TippingBucket]] = {
    "tipping-bucket": lambda sensor: TippingBucket(),
}
