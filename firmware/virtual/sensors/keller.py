"""A Keller series 30 pressure sensor under water: absolute, with a barometer on its second channel, or vented."""

import math
import struct
from collections.abc import Callable, Mapping

from firmware.virtual.sensors.modbus_slave import ModbusSlave

__all__ = ["KellerPressureSensor"]

FLOATS_AT = 0x0100  # P1, temperature, P2, temperature of P2: two registers each
AIR_BAR = 0.9532
WATER_TEMPERATURE_C = 7.25
DENSITY_KG_M3 = 999.886  # of fresh water at that temperature (tables of the ITS-90 density of water)
GRAVITY_M_S2 = 9.80665


class KellerPressureSensor(ModbusSlave):
    """`stage_at_zero_m` is the stage at which the membrane falls dry."""

    most_registers = 4
    faults = (*ModbusSlave.faults, "inactive", "overflow", "no-temperature")

    def __init__(
        self, address: int, stage_at_zero_m: float, is_vented: bool, stage_m_at: Callable[[int], float | None]
    ) -> None:
        super().__init__(address)
        self._stage_at_zero_m = stage_at_zero_m
        self._is_vented = is_vented
        self._stage_m_at = stage_m_at

    def registers(self, at_ms: int) -> Mapping[int, int]:
        p2_bar = math.nan if self._is_vented else AIR_BAR
        temperature_c = math.nan if self._fails("no-temperature") else WATER_TEMPERATURE_C
        words = struct.unpack(">8H", struct.pack(">4f", self._p1_bar(at_ms), temperature_c, p2_bar, p2_bar))
        return {FLOATS_AT + place: word for place, word in enumerate(words)}

    def _p1_bar(self, at_ms: int) -> float:
        stage_m = self._stage_m_at(at_ms)
        if stage_m is None or self._fails("inactive"):
            return math.nan
        if self._fails("overflow"):
            return math.inf
        depth_m = max(0.0, stage_m - self._stage_at_zero_m)
        water_bar = depth_m * DENSITY_KG_M3 * GRAVITY_M_S2 / 100_000
        return water_bar if self._is_vented else water_bar + AIR_BAR
