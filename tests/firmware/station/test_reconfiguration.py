"""New configurations and ratings by command: gathered, checked, tried, and kept or given up, with a real Mosquitto."""

import json

import pytest

from firmware.station.hal import HardwareError
from firmware.station.trial import KEPT, REVERTED, WAKES_LIMIT
from protocol.commands import DONE, FAILED
from protocol.text_parts import PART_LIMIT, split_text
from tests.fakes.board import FakeBoard
from tests.firmware.station import test_app as wakes
from tests.firmware.station.test_uplink import answer, give, outcome, pending_count

DEAD_PORT = 9  # of a broker that is not there
RATING = {"id": "r", "interpolation": "linear", "stages_m": [0.0, 2.0], "discharges_m3_s": [0.0, 100.0]}
TRIGGER = {
    "kind": "level",
    "sensor_no": 1,
    "variable": "discharge_m3_s",
    "raise_value": 90,
    "clear_value": 80,
    "clear_after_s": 0,
    "record_every_s": 300,
    "send_every_s": 300,
    "pre_trigger_s": 0,
}


def changed(**changes):
    return {**wakes.configuration(), "configuration_no": 2, **changes}


def text_of(table):
    return json.dumps(table, separators=(",", ":"))


def give_text(gateway, name, text, numbers=None):
    """Give a command for each part, in the order of their places in `numbers`."""
    parts = split_text(text)
    for command_no, index in enumerate(numbers or range(len(parts)), 1):
        give(gateway, name, parts[index], command_no)
    return len(numbers or parts)


@pytest.fixture
def dead_port(monkeypatch):
    open_link = FakeBoard.open_link

    def refuse(self, host, port, deadline_ms, secure=None):
        if port == DEAD_PORT:
            raise HardwareError("refused")
        return open_link(self, host, port, deadline_ms, secure)

    monkeypatch.setattr(FakeBoard, "open_link", refuse)


def on_board(root):
    with open(root + "/station.json") as file:
        return json.load(file)


EVERY_5_MINUTES = {"record_every_s": 300, "send_every_s": 300}


def test_a_new_configuration_is_tried_at_the_next_wake_kept_and_told(board, gateway, root):
    wakes.run(board, root, 2)
    give_text(gateway, "new-configuration", text_of(changed(sampling=EVERY_5_MINUTES)))
    wakes.run(board, root, 1)
    assert outcome(gateway) == DONE
    assert gateway.replies[0].facts == {"parts_missing": 0, "configuration_no": 2}
    assert on_board(root)["configuration_no"] == 1, "not before it served"
    wakes.run(board, root, 3)
    gateway.wait_for("events", 1)
    assert [(event.name, event.facts) for event in gateway.events] == [(KEPT, {"configuration_no": 2})]
    assert on_board(root) == changed(sampling=EVERY_5_MINUTES)
    assert [birth.configuration_no for birth in gateway.births] == [1, 2]
    times_ms = [record.utc_ms for record in wakes.records(board)]
    assert times_ms[-1] - times_ms[-2] == 300_000
    wakes.run(board, root, 2)
    assert len(gateway.events) == 1, "told once"


def test_parts_may_come_in_any_order_twice_and_over_several_wakes(board, gateway, root):
    sensors = wakes.configuration()["sensors"]
    extra = [
        {"sensor_no": number, "kind": "tipping-bucket", "port": 1, "power_switch": None, "mm_per_pulse": 0.2}
        for number in range(2, 7)
    ]
    text = text_of(changed(sensors=sensors + extra, key_id="uchkurgan-1")) + " " * 2 * PART_LIMIT
    parts = split_text(text)
    assert len(parts) == 3
    wakes.run(board, root, 2)
    for command_no, index in enumerate((2, 0, 2), 1):
        give(gateway, "new-configuration", parts[index], command_no)
        wakes.run(board, root, 1)
    board.power_cycle(off_ms=60_000)
    give(gateway, "new-configuration", parts[1], 4)
    wakes.run(board, root, 2)
    gateway.wait_for("replies", 4)
    assert [reply.facts["parts_missing"] for reply in gateway.replies] == [2, 1, 1, 0]


def test_a_configuration_with_which_nothing_arrives_is_given_up_and_told_and_no_record_is_lost(
    board, gateway, root, dead_port
):
    wakes.run(board, root, 2)
    give_text(gateway, "new-configuration", text_of(changed(broker={"host": "127.0.0.1", "port": DEAD_PORT})))
    wakes.run(board, root, 1 + WAKES_LIMIT)
    assert gateway.births[-1].configuration_no == 1
    wakes.run(board, root, 8)  # a broker that was away is tried less often
    gateway.wait_for("events", 1)
    (event,) = gateway.events
    assert (event.name, event.facts) == (REVERTED, {"configuration_no": 2}) and "no whole cycle" in event.detail
    assert on_board(root) == wakes.configuration()
    assert pending_count(board) == 0
    assert sorted(gateway.record_nos()) == list(range(1, len(wakes.records(board)) + 1))


def test_a_configuration_that_cannot_even_start_is_given_up_within_the_same_instant(board, gateway, root):
    wakes.run(board, root, 2)
    modem = {"port": 1, "power_switch": 2, "apn": "internet"}  # which this board does not have
    give_text(gateway, "new-configuration", text_of(changed(modem=modem)))
    wakes.run(board, root, 4)
    gateway.wait_for("events", 1)
    assert gateway.events[0].name == REVERTED and "no modem" in gateway.events[0].detail
    assert wakes.instants(board) == list(range(len(wakes.records(board)))), "no instant was missed"


def test_a_record_of_a_board_without_the_time_confirms_nothing(board, gateway, root):
    wakes.run(board, root, 2)
    give_text(gateway, "new-configuration", text_of(changed()))
    wakes.run(board, root, 1)
    board.power_cycle(off_ms=60_000)
    board.utc_offset_ms = None
    wakes.run(board, root, 2)
    assert on_board(root)["configuration_no"] == 1


# name: (text, what the reply must hold)
REFUSED = {
    "another station": (text_of(changed(station="akdzhar")), "station: found 'akdzhar', expected uchkurgan"),
    "another key": (text_of(changed(key_id="uchkurgan-2")), "key_id"),
    "the number in force": (text_of(wakes.configuration()), "configuration_no other than 1"),
    "a wrong member": (text_of(changed(sampling={"record_every_s": 0, "send_every_s": 1})), "sampling.record_every_s"),
    "no JSON": ("{", "expected"),
    "a list": ("[]", "expected"),
    "no number": ('{"station": 1}', "configuration_no"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_configuration_that_cannot_be_used_is_refused_and_not_tried(board, gateway, root, name):
    text, expected = REFUSED[name]
    wakes.run(board, root, 2)
    give_text(gateway, "new-configuration", text)
    wakes.run(board, root, 3)
    assert outcome(gateway) == FAILED
    assert expected in gateway.replies[0].detail
    assert on_board(root) == wakes.configuration() and gateway.events == []


def test_a_station_that_checks_its_broker_goes_on_checking_it(board, gateway, monkeypatch):
    open_link = FakeBoard.open_link
    monkeypatch.setattr(
        FakeBoard, "open_link", lambda self, host, port, deadline_ms, _secure: open_link(self, host, port, deadline_ms)
    )
    secured = wakes.configuration(broker={"host": "127.0.0.1", "port": 1883, "tls": "server"})
    root = wakes.folder(secured)
    wakes.run(board, root, 2)
    give_text(gateway, "new-configuration", text_of(changed()))
    wakes.run(board, root, 1)
    assert outcome(gateway) == FAILED
    assert "broker.tls: found None, expected server" in gateway.replies[0].detail


@pytest.mark.parametrize(
    "change",
    [{"sha256": "0" * 64}, {"sha256": "0"}, {"part": 0}, {"parts": 17}, {"part": 2}, {"text": 7}, {"part": "1"}],
    ids=str,
)
def test_parts_that_do_not_fit_are_refused(board, gateway, root, change):
    (part,) = split_text(text_of(changed()))
    wakes.run(board, root, 2)
    give(gateway, "new-configuration", {**part, **change})
    wakes.run(board, root, 1)
    assert outcome(gateway) == FAILED


def test_a_second_configuration_waits_until_the_first_was_tried(board, gateway, root, dead_port):
    wakes.run(board, root, 2)
    (first,) = split_text(text_of(changed()))
    (second,) = split_text(text_of(changed(configuration_no=3)))
    give(gateway, "new-configuration", first, 1)
    give(gateway, "new-configuration", second, 2)
    wakes.run(board, root, 1)
    gateway.wait_for("replies", 2)
    assert [reply.outcome for reply in gateway.replies] == [DONE, FAILED]
    assert "on trial" in gateway.replies[1].detail


def intervals_s(board):
    """Return the last two steps between records, in s."""
    first, second, third = (record.utc_ms // 1000 for record in wakes.records(board)[-3:])
    return [second - first, third - second]


def test_intervals_ordered_before_a_trial_are_back_when_the_configuration_is_given_up(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300}, 1)
    wakes.run(board, root, 1)
    (part,) = split_text(text_of(changed(sampling={"record_every_s": 600, "send_every_s": 600})))
    give(gateway, "new-configuration", part, 2)
    wakes.run(board, root, 2)
    answer(board, gateway, False)  # without receipts no cycle is whole
    give(gateway, "report-health", command_no=3)
    wakes.run(board, root, 1)
    assert [reply.outcome for reply in gateway.replies] == [DONE] * 3, "the third during the trial"
    board.patience_ms = 50
    wakes.run(board, root, 3)
    assert intervals_s(board) == [600, 600]
    wakes.run(board, root, WAKES_LIMIT - 4)
    answer(board, gateway, True)
    wakes.run(board, root, 14)  # a gateway that was away is tried less often
    assert [event.name for event in gateway.events] == [REVERTED]
    assert intervals_s(board) == [300, 300]


def test_intervals_ordered_before_a_trial_give_way_to_others_of_a_configuration_that_is_kept(board, gateway, root):
    wakes.run(board, root, 2)
    (part,) = split_text(text_of(changed(sampling={"record_every_s": 600, "send_every_s": 600})))
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300}, 1)
    give(gateway, "new-configuration", part, 2)
    wakes.run(board, root, 6)
    assert [event.name for event in gateway.events] == [KEPT]
    assert intervals_s(board) == [600, 600]


def test_intervals_ordered_before_a_trial_outlast_a_configuration_that_leaves_them_as_they_are(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300}, 1)
    give(gateway, "new-configuration", split_text(text_of(changed()))[0], 2)
    wakes.run(board, root, 6)
    assert [event.name for event in gateway.events] == [KEPT]
    assert intervals_s(board) == [300, 300]


def test_intervals_ordered_during_a_trial_are_refused_with_the_reason(board, gateway, root):
    wakes.run(board, root, 2)
    give(gateway, "new-configuration", split_text(text_of(changed()))[0], 1)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300}, 2)
    wakes.run(board, root, 1)
    assert outcome(gateway, 2) == FAILED and "on trial: wait for its event" in gateway.replies[1].detail
    wakes.run(board, root, 2)
    give(gateway, "set-interval", {"record_every_s": 300, "send_every_s": 300}, 3)
    wakes.run(board, root, 5)
    assert outcome(gateway, 3) == DONE, "after it"
    assert intervals_s(board) == [300, 300]


def test_a_new_rating_changes_nothing_else(board, gateway):
    sampling = {"record_every_s": 900, "send_every_s": 900, "sample_every_s": 300, "adaptive": TRIGGER}
    table = wakes.configuration(sampling=sampling, rating=RATING)
    root = wakes.folder(table)
    wakes.run(board, root, 2)
    other = {**RATING, "id": "r2", "discharges_m3_s": [0.0, 120.0]}
    give_text(gateway, "new-rating", text_of({"configuration_no": 2, "rating": other}))
    wakes.run(board, root, 12)
    assert outcome(gateway) == DONE
    assert on_board(root) == {**table, "configuration_no": 2, "rating": other}
    assert [event.name for event in gateway.events] == [KEPT]


def test_a_rating_where_no_trigger_goes_by_one_is_refused(board, gateway, root):
    wakes.run(board, root, 2)
    give_text(gateway, "new-rating", text_of({"configuration_no": 2, "rating": RATING}))
    wakes.run(board, root, 1)
    assert outcome(gateway) == FAILED
    assert "a trigger that goes by a rating" in gateway.replies[0].detail
