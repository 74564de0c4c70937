"""What is wired to a virtual station: instruments, the switches that supply them, and the ports they are on."""

from collections.abc import Callable, Iterator
from typing import Any

from firmware.virtual.host.serial_wire import SerialWire
from firmware.virtual.sensors import INSTRUMENTS, PULSE_INSTRUMENTS, TippingBucket
from firmware.virtual.sensors.instrument import Instrument

__all__ = ["Wiring"]


class Wiring:
    """`sensors` as in station.json; `stage_m_at(unix_ms)` is the river. Instants are bench time in Unix ms."""

    def __init__(self, sensors: list[dict[str, Any]], stage_m_at: Callable[[int], float | None]) -> None:
        self._wires: dict[int, SerialWire] = {}
        self._pulse_inputs: dict[int, TippingBucket] = {}
        self._instruments: dict[int, Instrument] = {}
        self._supplied_by: dict[int, list[Instrument]] = {}
        self._switches_on: set[int] = set()
        for sensor in sensors:
            kind = sensor["kind"]
            if kind in PULSE_INSTRUMENTS:
                self._pulse_inputs[sensor["port"]] = PULSE_INSTRUMENTS[kind](sensor)
                continue
            if kind not in INSTRUMENTS:
                known = ", ".join([*INSTRUMENTS, *PULSE_INSTRUMENTS])
                raise ValueError(f"no simulated instrument of kind {kind!r}; expected one of {known}")
            instrument = INSTRUMENTS[kind](sensor, stage_m_at)
            self._instruments[sensor["sensor_no"]] = instrument
            self.connect(sensor["port"], sensor["power_switch"], instrument)

    def connect(self, port_no: int, switch_no: int | None, instrument: Instrument) -> None:
        """Wire an instrument to a port and a supply that can be switched; None: none that can."""
        self.port(port_no).connect(instrument)
        self._supplied_by.setdefault(switch_no, []).append(instrument)

    def port(self, port_no: int) -> SerialWire:
        """Return a port's wire; a port with no instrument has one that ends nowhere."""
        return self._wires.setdefault(port_no, SerialWire())

    def ports(self, port_no: int | None) -> list[SerialWire]:
        """Return one port's wire, or all of them."""
        return list(self._wires.values()) if port_no is None else [self.port(port_no)]

    def instrument(self, sensor_no: int) -> Instrument:
        """Return the instrument of a sensor on a serial line, or raise KeyError."""
        return self._instruments[sensor_no]

    def pulses(self, input_no: int, from_ms: int, to_ms: int) -> int:
        """Return how many pulses came at an input; none where nothing is connected."""
        bucket = self._pulse_inputs.get(input_no)
        return 0 if bucket is None else bucket.tips(from_ms, to_ms)

    @property
    def is_supplied(self) -> bool:
        """True while any switch is on."""
        return bool(self._switches_on)

    def switch(self, switch_no: int, on: bool, at_ms: int) -> None:
        (self._switches_on.add if on else self._switches_on.discard)(switch_no)
        for instrument in self._supplied_by.get(switch_no, []):
            instrument.set_power(on, at_ms)

    def switch_all_off(self, at_ms: int) -> None:
        for switch_no in self._supplied_by:
            self.switch(switch_no, False, at_ms)

    def close_ports(self) -> None:
        for wire in self._wires.values():
            wire.close()

    def next_output_ms(self, after_ms: int) -> int | None:
        """Return when the next output on an open port is complete, later than `after_ms`."""
        times = [wire.next_output_ms(after_ms) for wire in self._wires.values()]
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def emit(self, at_ms: int) -> Iterator[int]:
        """Put what is complete at this instant on the wires; yield the numbers of their ports."""
        for port_no, wire in self._wires.items():
            if wire.next_output_ms(at_ms - 1) == at_ms:
                wire.emit(at_ms)
                yield port_no
