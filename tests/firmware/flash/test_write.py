"""Flashing a virtual station as a board is flashed: by mpremote over its console."""

import os
import tty

import pytest

from firmware.flash import BoardConnection, FlashError, ImagePlan, PlannedFile, verify, write_image
from firmware.flash import connection as connection_module
from firmware.virtual.host import Bench, Clock, synthetic_flood

FILES = {
    "/main.py": b"run()",
    "/station/app.mpy": bytes(range(256)) * 20,
    "/station/sensors/sonar.mpy": b"",
    "/key.bin": b"k" * 32,
}


def plan_of(files):
    return ImagePlan("virtual", tuple(PlannedFile(path, data) for path, data in files.items()), ("/station",))


@pytest.fixture
def port(part, tmp_path):
    """Return the console of a blank station."""
    bench = Bench(Clock(0), part("micropython"), tmp_path)
    station = bench.add_station("blank", synthetic_flood(0), [])
    station.hold_in_repl()
    yield station.console_port
    bench.close()


def test_a_blank_board_gets_every_file_and_verifies(port):
    plan = plan_of(FILES)
    said = []
    with BoardConnection(port) as board:
        before = verify(board, plan)
        result = write_image(board, plan, said.append)
        after = verify(board, plan)
    assert not before.is_good and set(before.missing) == set(FILES)
    assert set(result.written) == set(FILES) == set(said)
    assert after.is_good and set(after.verified) == set(FILES) and after.extra == ()


def test_only_what_differs_is_written_again(port):
    with BoardConnection(port) as board:
        write_image(board, plan_of(FILES))
        assert write_image(board, plan_of(FILES)).written == ()
        changed = write_image(board, plan_of({**FILES, "/key.bin": b"K" * 32}))
    assert changed.written == ("/key.bin",)
    assert set(changed.unchanged) == set(FILES) - {"/key.bin"}


def test_leftovers_in_the_firmwares_folders_are_removed_and_other_files_are_left_and_reported(port):
    with BoardConnection(port) as board:
        write_image(
            board, plan_of({**FILES, "/station/old.mpy": b"old", "/calibration.json": b"{}", "/station.new": b"{}"})
        )
        result = write_image(board, plan_of(FILES))
        verification = verify(board, plan_of(FILES))
    assert sorted(result.removed) == ["/station.new", "/station/old.mpy"], "a configuration on trial is one"
    assert verification.is_good and verification.extra == ("/calibration.json",)


def test_a_file_changed_on_the_board_is_found_by_its_hash(port):
    with BoardConnection(port) as board:
        write_image(board, plan_of(FILES))
        board.write(PlannedFile("/station/app.mpy", bytes(5120)))  # the right length, other bytes
        verification = verify(board, plan_of(FILES))
    assert not verification.is_good
    assert verification.different == ("/station/app.mpy",)


def test_a_port_that_is_not_there_is_named():
    with pytest.raises(FlashError, match="/dev/ttyNONE: could not open"), BoardConnection("/dev/ttyNONE"):
        pass


def test_a_board_that_says_nothing_is_given_up_with_advice(monkeypatch):
    monkeypatch.setattr(connection_module, "SILENCE_S", 0.2)
    near, far = os.openpty()
    tty.setraw(far)
    with pytest.raises(FlashError, match=r"could not enter the raw REPL.*check that"), BoardConnection(os.ttyname(far)):
        pass
    os.close(near)
    os.close(far)


def test_a_write_that_does_not_fit_says_which_file(port):
    with (
        BoardConnection(port) as board,
        pytest.raises(FlashError, match=r"could not write /large\.bin to the board.*(28|ENOSPC)"),
    ):
        write_image(board, plan_of({"/large.bin": os.urandom(600_000)}))
