"""The whole firmware on a virtual station of the example basin: flashed as a board is, and asked for its black box."""

from firmware.flash import BoardConnection, plan_image, verify, write_image
from rivergauge.basin import load_basin
from tests.conftest import PROJECT
from tests.fakes.gateway import Gateway

BASIN = load_basin(PROJECT / "deploy" / "basin.toml")
STATION = "uchkurgan"
KEY = bytes(32)


def gateway_at(port):
    """Return the fake of the station's gateway at a broker."""
    return Gateway(port, BASIN.code, STATION, b"uchkurgan-1", KEY)


def flash(station, firmware, configuration, secrets=()):
    """Leave the station in its REPL; `start` switches it on."""
    station.hold_in_repl()
    with BoardConnection(station.console_port) as board:
        plan = plan_image(firmware, configuration, KEY, secrets)
        write_image(board, plan)
        assert verify(board, plan).is_good


def black_box(station):
    """Return what the station noted, empty where it noted nothing; it is left in its REPL."""
    station.hold_in_repl()
    with BoardConnection(station.console_port) as board:
        if "/blackbox.txt" not in board.hashes():
            return ""
        return board._board.exec("print(open('/blackbox.txt').read())").decode()
