"""What paces the station's backlog and what sends records again, against a real Mosquitto."""

import paho.mqtt.client as paho
import pytest

from firmware.station.batches import RUN_LIMIT
from firmware.station.ring import SLOTS_PER_BLOCK
from protocol.commands import DONE, FAILED
from tests.fakes.board import SocketLink
from tests.fakes.nor_flash import NorFlash
from tests.firmware.station import test_app as wakes
from tests.firmware.station.test_uplink import give, measure_offline, outcome, pending_count, run_until_heard


def say_state(broker, text, name="gw-1"):
    """Retain the state of a gateway; an empty one is none."""
    publisher = paho.Client(paho.CallbackAPIVersion.VERSION2)
    publisher.connect("127.0.0.1", broker.port)
    publisher.loop_start()
    publisher.publish(f"rg/1/gateway/{name}/state", text, qos=1, retain=True).wait_for_publish(5)
    publisher.disconnect()
    publisher.loop_stop()


def backlog_batches(gateway):
    """Return how many batches came after the first, which holds the newest records."""
    return len(gateway.batches) - 1


# name: (states of gateways, batches of backlog in the first connection, of 3 there are)
STATES = {
    "none says anything": ({}, 3),
    "a hold": ({"gw-1": '{"state": "hold"}'}, 0),
    "a pace": ({"gw-1": '{"state": "accepting", "backfill_batches": 2}'}, 2),
    "no limit": ({"gw-1": '{"state": "accepting"}'}, 3),
    "the strictest of two": ({"gw-1": '{"state": "accepting"}', "gw-2": '{"state": "hold"}'}, 0),
    "one that is gone": ({"gw-1": '{"state": "accepting"}', "gw-2": '{"state": "gone"}'}, 3),
    "no JSON": ({"gw-1": "hold"}, 3),
    "JSON of another kind": ({"gw-1": "[1]"}, 3),
    "a pace that is no number": ({"gw-1": '{"state": "accepting", "backfill_batches": true}'}, 3),
    "a state too long": ({"gw-1": '{"state": "hold", "x": "' + "x" * 1024 + '"}'}, 3),
}


@pytest.mark.parametrize("name", STATES)
def test_gateways_pace_the_backlog_and_never_the_newest(board, broker, gateway, root, name):
    states, allowed = STATES[name]
    for gateway_name, text in states.items():
        say_state(broker, text, gateway_name)
    measure_offline(board, root, 2 * RUN_LIMIT + 30)
    run_until_heard(board, gateway, root)
    assert gateway.record_nos()[0] > 2 * RUN_LIMIT, "the newest first"
    assert backlog_batches(gateway) == allowed
    assert len(wakes.records(board)) > 2 * RUN_LIMIT + 20, "measuring goes on"


def test_a_backlog_held_back_for_hours_goes_all_the_same(board, broker, gateway, root):
    say_state(broker, '{"state": "hold"}')
    measure_offline(board, root, 3 * RUN_LIMIT)
    run_until_heard(board, gateway, root)
    wakes.run(board, root, 20)
    held_until = len(gateway.batches)
    assert all(batch.first_record_no > 2 * RUN_LIMIT for batch in gateway.batches), "the new records only"
    wakes.run(board, root, 6)  # six hours after it was first held back
    assert len(gateway.batches) > held_until + 3 and pending_count(board) == 0


def test_a_pace_spreads_a_backlog_over_connections(board, broker, gateway, root):
    say_state(broker, '{"state": "accepting", "backfill_batches": 1}')
    measure_offline(board, root, 4 * RUN_LIMIT)
    run_until_heard(board, gateway, root)
    assert backlog_batches(gateway) == 1
    wakes.run(board, root, 5)
    assert pending_count(board) == 0


def test_a_wake_without_a_backlog_asks_no_gateway_for_its_pace(board, broker, gateway, root, monkeypatch):
    subscribed = []
    write = SocketLink.write

    def watch(self, data, deadline_ms):
        subscribed.append(b"rg/1/gateway/+/state" in data)
        write(self, data, deadline_ms)

    monkeypatch.setattr(SocketLink, "write", watch)
    wakes.run(board, root, 4)
    assert subscribed and not any(subscribed)


def test_records_are_sent_again_on_command_though_they_were_receipted(board, gateway, root):
    wakes.run(board, root, 12)
    give(gateway, "send-range", {"first": 3, "last": 7})
    gateway.batches.clear()
    wakes.run(board, root, 2)
    assert outcome(gateway) == DONE
    assert gateway.replies[0].facts == {"held": 5, "not_held": 0}
    assert sorted(gateway.record_nos()) == [3, 4, 5, 6, 7, 12, 13]
    gateway.batches.clear()
    wakes.run(board, root, 1)
    assert gateway.record_nos() == [14], "once"


def test_a_long_range_goes_at_the_pace_of_a_backlog_over_several_connections(board, broker, gateway, root):
    measure_offline(board, root, 3 * RUN_LIMIT)
    run_until_heard(board, gateway, root)
    assert pending_count(board) == 0
    say_state(broker, '{"state": "accepting", "backfill_batches": 1}')
    give(gateway, "send-range", {"first": 1, "last": 2 * RUN_LIMIT})
    gateway.batches.clear()
    wakes.run(board, root, 1)
    assert outcome(gateway) == DONE
    board.power_cycle(off_ms=60_000)
    wakes.run(board, root, 4)
    again = [number for number in gateway.record_nos() if number <= 2 * RUN_LIMIT]
    assert again == list(range(1, 2 * RUN_LIMIT + 1))


def test_what_was_overwritten_cannot_be_sent_again_and_is_told(board, gateway, root):
    board.flash = NorFlash(block_count=3)
    wakes.run(board, root, 4 * SLOTS_PER_BLOCK)
    oldest = wakes.records(board)[0].record_no
    give(gateway, "send-range", {"first": oldest - 10, "last": oldest + 4})
    wakes.run(board, root, 2)
    assert outcome(gateway) == DONE
    assert gateway.replies[0].facts == {"held": 5, "not_held": 10}


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 0, "last": 3},
        {"first": 4, "last": 3},
        {"first": 1, "last": 10_001},
        {"first": "1", "last": 2},
        {"first": 1},
    ],
)
def test_a_range_that_is_none_is_refused(board, gateway, root, arguments):
    wakes.run(board, root, 2)
    give(gateway, "send-range", arguments)
    wakes.run(board, root)
    assert outcome(gateway) == FAILED
    assert "expected" in gateway.replies[0].detail
