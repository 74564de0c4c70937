"""What a station tells of its health and of its last failures, through a real Mosquitto."""

from firmware.station.blackbox import UNTOLD_BYTES
from firmware.station.hal import WATCHDOG
from protocol.messages import Command, encode_command
from tests.firmware.station import test_app as wakes

DAY_WAKES = 96


def test_health_is_told_at_every_boot_and_once_a_day(board, gateway, root):
    wakes.run(board, root, 3)
    assert len(gateway.health) == 1
    wakes.run(board, root, DAY_WAKES)
    assert len(gateway.health) == 2
    board.cause = WATCHDOG
    wakes.run(board, root, 3)
    assert len(gateway.health) == 3
    facts = gateway.health[-1].facts
    assert (facts["watchdog_resets"], facts["brown_outs"], facts["reset_cause"]) == (1, 0, WATCHDOG)
    assert facts["queue_erases"] == 2, "98 records are in two blocks"
    assert facts["next_record_no"] - facts["oldest_pending"] == facts["queue_depth"] <= 1
    assert {"low_voltage_events", "awake_ms", "clock_drift_ppb", "battery_mv", "skipped_instants"} <= facts.keys()


def test_health_that_did_not_reach_the_broker_is_told_at_the_next_exchange(board, gateway, root):
    address, board.address = board.address, None
    wakes.run(board, root, 2)
    board.address = address
    wakes.run(board, root, 3)
    assert len(gateway.health) == 1


def test_the_faults_of_sensors_are_told_by_number(board, gateway, root):
    board.lines[1] = lambda board: []
    wakes.run(board, root, DAY_WAKES + 3)
    assert gateway.health[-1].facts["sensor_faults"] == f"1:{7 * (DAY_WAKES + 1)}/0"


def test_the_reply_to_report_health_says_the_same(board, gateway, root):
    wakes.run(board, root, 2)
    gateway.say("command", encode_command(Command("main", 1, wakes.START_MS * 2, "report-health", {})))
    wakes.run(board, root, 2)
    gateway.wait_for("replies", 1)
    assert gateway.replies[0].facts.keys() == gateway.health[0].facts.keys()


def test_after_a_reset_the_end_of_the_black_box_is_told_once(board, gateway, root):
    wakes.run(board, root, 2)
    board.lines[1] = _failing
    wakes.run(board, root, 2)
    assert gateway.black_boxes == [], "only after a reset"
    board.lines[1] = wakes.frames
    for _ in range(2):
        board.cause = WATCHDOG
        wakes.run(board, root)
    (event,) = gateway.black_boxes
    assert "ValueError: loose wire" in event.detail and len(event.detail) <= UNTOLD_BYTES


def _failing(_board):
    raise ValueError("loose wire")
