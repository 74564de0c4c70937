"""Who answers a station: its owner, and while that is gone, who stands by for it."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.ownership import SILENCE_LIMIT_S, STATE_LIMIT, Ownership
from gateway.ownership_settings import OwnershipSettings, check_owned
from gateway.subscriptions import subscriptions
from protocol.topics import gateway_state_topic
from rivergauge.basin import ConfigurationError

STANDBY = OwnershipSettings(own=("lower",), standby_for=("gateway-1",))


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def hand():
    return Hand()


def test_a_gateway_without_others_answers_every_station(hand):
    assert Ownership(None, hand).answers_for("upper")


@pytest.mark.parametrize(
    ("payload", "answers"),
    [
        (b'{"state": "accepting"}', False),
        (b'{"state": "hold", "backfill_batches": 3}', False),
        (b'{"state": "gone"}', True),
        (b"not JSON", False),
        (b'["gone"]', False),
        (b'{"state": 7}', False),
        (b"\xff", False),
        (b"[" * STATE_LIMIT, False),
        (b"[" * 100_000, False),
    ],
    ids=["accepting", "holding", "gone", "no JSON", "no object", "no text", "no UTF-8", "nested", "nested too deep"],
)
def test_a_standby_answers_the_stations_of_an_owner_that_says_gone(hand, payload, answers):
    ownership = Ownership(STANDBY, hand)
    ownership.hear("gateway-1", payload)
    assert ownership.answers_for("lower"), "its own station, always"
    assert ownership.answers_for("upper") == answers


def test_an_owner_that_is_silent_for_long_is_gone_and_is_back_with_its_first_word(hand, caplog):
    caplog.set_level(logging.WARNING)
    ownership = Ownership(STANDBY, hand)
    hand.now_s = SILENCE_LIMIT_S
    assert not ownership.answers_for("upper")
    hand.now_s = SILENCE_LIMIT_S + 1
    assert ownership.answers_for("upper") and ownership.answers_for("upper")
    ownership.hear("gateway-1", b'{"state": "accepting"}')
    assert not ownership.answers_for("upper")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "gateway-1 is gone: this gateway answers its stations now",
        "gateway-1 is back: its stations are its own again",
    ]


def test_a_standby_tells_machines_and_people_for_whom_it_answers(bench, until):
    bench.settings = replace(bench.settings, name="gateway-2", ownership=STANDBY)
    service = bench.start()
    assert service.pipeline.monitor.remarks() == []
    assert "rivergauge_standing_in 0" in service.pipeline.monitor.metrics()
    with bench.station("upper") as somebody:
        somebody.publish_bytes(b'{"state": "gone"}', gateway_state_topic("gateway-1"))
        until(service.pipeline.monitor.remarks, "the owner's word is heard")
    assert service.pipeline.monitor.remarks() == ["gateway-1 is gone, and its stations are answered here"]
    assert "rivergauge_standing_in 1" in service.pipeline.monitor.metrics()


def test_silence_is_counted_only_while_the_broker_is_there(hand):
    ownership = Ownership(STANDBY, hand)
    hand.now_s = 10 * SILENCE_LIMIT_S
    ownership.begin()
    assert not ownership.answers_for("upper")


def test_a_gateway_that_owns_some_stations_leaves_the_others_to_their_owner(hand):
    ownership = Ownership(OwnershipSettings(own=("lower",)), hand)
    hand.now_s = 10 * SILENCE_LIMIT_S
    assert not ownership.answers_for("upper")


def test_a_station_that_is_owned_and_not_in_the_basin_file_is_a_mistake():
    with pytest.raises(ConfigurationError, match=r"basin\.toml: found no station uper, expected every station that"):
        check_owned(OwnershipSettings(own=("uper", "lower")), ["upper", "lower"], Path("basin.toml"))


def test_of_a_shared_subscription_only_records_are_shared_and_what_was_subscribed_before_is_left():
    topics, unwanted = subscriptions("b", "ingest")
    assert topics == [
        "$share/ingest/rg/1/b/+/data", "$share/ingest/rg/1/b/+/senml",
        "rg/1/b/+/birth", "rg/1/b/+/event", "rg/1/b/+/reply",
    ]  # fmt: skip
    assert unwanted == ["rg/1/b/+/data", "rg/1/b/+/senml"]
    assert subscriptions("b", None) == (
        [f"rg/1/b/+/{leaf}" for leaf in ("data", "senml", "birth", "event", "reply")],
        [],
    )
