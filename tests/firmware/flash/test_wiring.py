"""A board's wiring and a station's sensors, checked against each other before flashing."""

from pathlib import Path

import pytest

from firmware.flash import PlanError, compile_firmware, plan_image
from firmware.flash.wiring import wiring_problems

BOARDS = Path(__file__).resolve().parents[3] / "firmware" / "boards"
WIRING = """# Shared dialect
SERIAL_PORTS = {
    1: (1, 17, 16),
    2: (2, 27, 26),
}
POWER_SWITCHES = {1: 25, 2: 33}
DIRECTION_PINS = {2: 4}
BATTERY_PIN = 35
BATTERY_DIVIDER = 5.7
"""
SONAR = {"sensor_no": 1, "kind": "maxbotix-hrxl", "port": 1, "power_switch": 1}

# name: (text of the wiring, what it is changed to, change of the sensor, line, what is told)
CONFLICTS = {
    "one pin for two ports": ("27, 26", "17, 26", {}, 4, "found pin 17 for port 2"),
    "one pin twice in a port": ("17, 16", "17, 17", {}, 3, "found pin 17 for port 1"),
    "one UART for two ports": ("2: (2,", "2: (1,", {}, 4, "found UART 1 for port 2"),
    "a switch on a port's pin": ("2: 33", "2: 16", {}, 6, "found pin 16 for power switch 2"),
    "the battery on a switch's pin": ("= 35", "= 25", {}, 8, "found pin 25 for the battery"),
    "a direction on a port's pin": ("2: 4}", "2: 17}", {}, 7, "found pin 17 for the direction of port 2"),
    "a port that is not wired": ("", "", {"port": 3}, None, "found no port 3"),
    "a switch that is not wired": ("", "", {"power_switch": 4}, None, "found no switch 4"),
    "pulses": ("", "", {"kind": "tipping-bucket", "power_switch": None}, None, "this board counts no pulses"),
}


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_conflict_is_told_with_file_and_line(conflict, tmp_path):
    old, new, change, line, told = CONFLICTS[conflict]
    file = tmp_path / "wiring.py"
    file.write_text(WIRING.replace(old, new, 1))
    (problem,) = wiring_problems(file, [{**SONAR, **change}])
    assert problem.startswith(f"{file}:{line}: " if line else f"{file}: ")
    assert told in problem and "expected" in problem


@pytest.mark.parametrize("board", ["esp32", "rp2"])
def test_the_wiring_that_comes_with_a_board_has_no_conflict(board):
    assert wiring_problems(BOARDS / board / "wiring.py", [SONAR]) == []


def test_an_image_for_a_board_that_does_not_fit_is_not_made():
    with pytest.raises(PlanError, match="found no port 7"):
        plan_image(compile_firmware("esp32"), {"sensors": [{**SONAR, "port": 7}]}, bytes(32))


@pytest.mark.parametrize(
    ("board", "modem", "told"),
    [
        ("esp32", {"port": 2, "power_switch": 2}, []),
        ("esp32", {"port": 3, "power_switch": 4}, ["found no port 3", "found no switch 4"]),
        ("rp2", {"port": 1, "power_switch": 1}, ["this board has no PPP"]),
    ],
    ids=["wired", "not wired", "a board without PPP"],
)
def test_a_modem_is_refused_where_the_board_has_no_place_for_it(board, modem, told):
    problems = wiring_problems(BOARDS / board / "wiring.py", [SONAR], modem)
    assert len(problems) == len(told)
    assert all(text in problem for text, problem in zip(told, problems, strict=True))
