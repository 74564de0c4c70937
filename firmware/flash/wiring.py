"""Whether a station's sensors and a board's wiring fit together, before anything is written to the board."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["wiring_problems"]

PORTS = "SERIAL_PORTS"  # {port: (UART, TX pin, RX pin)}
DIRECTIONS = "DIRECTION_PINS"  # {port: pin}, for lines on which only one may send
SWITCHES = "POWER_SWITCHES"  # {switch: pin}
BATTERY = "BATTERY_PIN"
COUNTS_PULSES = ("tipping-bucket",)
WITHOUT_PPP = ("rp2",)  # folders of boards


@dataclass(frozen=True)
class _Use:
    """What a pin or a UART is given to, and where the wiring file says so."""

    resource: str
    user: str
    line: int


def wiring_problems(wiring_file: Path, sensors: list[dict[str, Any]], modem: dict[str, Any] | None = None) -> list[str]:
    """Return what is wrong, each with file and line, what was found and what was expected.

    `sensors` and `modem` as in station.json. The file is read, not run: it is MicroPython for another processor.
    """
    uses = list(_uses(ast.parse(wiring_file.read_text())))
    problems = []
    first: dict[str, _Use] = {}
    for use in uses:
        earlier = first.setdefault(use.resource, use)
        if earlier is not use:
            problems.append(
                f"{wiring_file}:{use.line}: found {use.resource} for {use.user}, expected one that is free:"
                f" line {earlier.line} gives it to {earlier.user}"
            )
    users = {use.user for use in uses}
    for sensor in sensors:
        number = f"sensor {sensor['sensor_no']} ({sensor['kind']})"
        if sensor["kind"] in COUNTS_PULSES:
            problems.append(f"{wiring_file}: found {number}, expected none of its kind: this board counts no pulses")
        elif f"port {sensor['port']}" not in users:
            problems.append(f"{wiring_file}: found no port {sensor['port']}, expected it in {PORTS} for {number}")
        switch = sensor["power_switch"]
        if switch is not None and f"power switch {switch}" not in users:
            problems.append(f"{wiring_file}: found no switch {switch}, expected it in {SWITCHES} for {number}")
    if modem is not None:
        problems += _modem_problems(wiring_file, modem, users)
    return problems


def _modem_problems(wiring_file: Path, modem: dict[str, Any], users: set[str]) -> Iterator[str]:
    if wiring_file.parent.name in WITHOUT_PPP:
        yield f"{wiring_file}: found a modem, expected Wi-Fi: MicroPython for this board has no PPP"
    if f"port {modem['port']}" not in users:
        yield f"{wiring_file}: found no port {modem['port']}, expected it in {PORTS} for the modem"
    if f"power switch {modem['power_switch']}" not in users:
        yield f"{wiring_file}: found no switch {modem['power_switch']}, expected it in {SWITCHES} for the modem"


def _uses(module: ast.Module) -> Iterator[_Use]:
    for statement in module.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name, value = statement.targets[0].id, statement.value
        if name == BATTERY:
            yield _Use(f"pin {ast.literal_eval(value)}", "the battery", value.lineno)
        elif name in (PORTS, DIRECTIONS, SWITCHES) and isinstance(value, ast.Dict):
            for key, given in zip(value.keys, value.values, strict=True):
                assert key is not None
                yield from _uses_of_entry(name, ast.literal_eval(key), ast.literal_eval(given), given.lineno)


def _uses_of_entry(name: str, number: int, given: Any, line: int) -> Iterator[_Use]:
    if name == SWITCHES:
        yield _Use(f"pin {given}", f"power switch {number}", line)
        return
    if name == DIRECTIONS:
        yield _Use(f"pin {given}", f"the direction of port {number}", line)
        return
    uart, *pins = given
    yield _Use(f"UART {uart}", f"port {number}", line)
    for pin in pins:
        yield _Use(f"pin {pin}", f"port {number}", line)
