# Shared dialect: runs on MicroPython, and on CPython.
"""What a station counts of its troubles, and what it says of its health."""

from firmware.station.blackbox import UNTOLD_BYTES, BlackBox
from firmware.station.hal import BROWN_OUT, POWER_ON, WATCHDOG
from firmware.station.health import Counters
from firmware.station.memory import recall
from tests.firmware.station.expecting import new_folder
from tests.firmware.station.test_app import QUARTER_MS, folder, run, station


def totals(root, kept=b""):
    return Counters(root, kept).totals()


def totals_of(board, root):
    return totals(root, recall(board.rtc).counters)


def test_what_was_counted_outlasts_the_process_and_nothing_is_written_where_nothing_was_counted():
    root = new_folder("counters")
    counters = Counters(root)
    counters.save()
    assert totals(root) == {}
    counters.add("skipped_instants", 3)
    counters.add("skipped_instants")
    assert counters.totals() == {"skipped_instants": 4}, "what is not written yet included"
    assert totals(root) == {}
    counters = Counters(root, counters.pack())
    counters.save()
    counters.save()
    assert totals(root) == {"skipped_instants": 4}


def test_a_torn_file_begins_anew():
    root = new_folder("counters")
    with open(root + "/health.json", "w") as file:
        file.write("torn")
    counters = Counters(root)
    counters.add("watchdog_resets")
    counters.save()
    assert totals(root) == {"watchdog_resets": 1}


def test_what_a_full_file_system_does_not_take_is_kept_for_the_next_time():
    counters = Counters(new_folder("counters") + "/absent")
    counters.add_low_voltage()
    assert Counters("", counters.pack()).totals() == counters.totals() == {"low_voltage_events": 1}


def test_resets_that_tell_of_trouble_are_counted_and_others_are_not():
    counters = Counters(new_folder("counters"))
    for cause in (POWER_ON, WATCHDOG, BROWN_OUT, WATCHDOG):
        counters.add_reset(cause)
    assert counters.totals() == {"watchdog_resets": 2, "brown_outs": 1}


def test_a_watchdog_reset_is_counted_once():
    board, root = station(), folder()
    run(board, root, 2)
    board.cause = WATCHDOG
    run(board, root, 3)
    assert totals(root)["watchdog_resets"] == 1


def test_instants_without_power_are_counted():
    board, root = station(), folder()
    run(board, root, 3)
    board.power_cycle(off_ms=3 * QUARTER_MS)
    run(board, root)
    assert totals_of(board, root)["skipped_instants"] == 3


def test_the_faults_of_a_sensor_are_counted_by_its_number():
    board, root = station(line=lambda board: []), folder()
    run(board, root, 3)
    assert totals_of(board, root) == {"silent_1": 2 * 7, "broken_1": 0}, "a burst of seven at each of two instants"
    assert totals(root) == {}, "nothing is written at a wake"


def test_of_the_black_box_the_end_is_told_and_told_once():
    box = BlackBox(station(), new_folder("blackbox"))
    assert box.untold() == ""
    box.note("test", "na\xefve " + "x" * 40)
    assert "na??ve" in box.untold(), "in ASCII"
    box.mark_told()
    assert box.untold() == ""
    for index in range(30):
        box.note("test", f"entry {index} " + "y" * 60)
    assert len(box.untold()) == UNTOLD_BYTES and "entry 29" in box.untold()
    box.mark_told()
    box.note("test", "the last")
    assert box.untold().endswith("test: the last\n") and "entry" not in box.untold()
