"""Messages doubled, reordered, forged, truncated, replayed on another station: each record is stored once."""

import pytest

from tests.fakes.publisher import stage_batch
from tests.gateway.accounting import assert_embedded_has, names

BATCHES, RECORDS = 10, 4


def forged(message):
    return message[:-1] + bytes([message[-1] ^ 1])


def as_they_are(messages):
    return [("upper", message) for message in messages]


def doubled(messages):
    return [("upper", message) for message in messages for _ in range(2)]


def reordered(messages):
    return [("upper", message) for message in [*messages[1::2], *reversed(messages[::2])]]


def beside_forged_ones(messages):
    return [("upper", each) for message in messages for each in (forged(message), message)]


def beside_truncated_ones(messages):
    return [("upper", each) for message in messages for each in (message[: len(message) // 2], message)]


def replayed_on_another_station(messages):
    return [(station, message) for message in messages for station in ("lower", "upper")]


def all_of_it(messages):
    return [*reordered(messages), *beside_forged_ones(messages), *doubled(messages), *beside_truncated_ones(messages)]


# What is published, and how many records are duplicate, messages refused and forged.
FAULTS = {
    "messages doubled": (doubled, 40, 0, 0),
    "messages reordered": (reordered, 0, 0, 0),
    "messages forged": (beside_forged_ones, 0, 0, 10),
    "messages truncated": (beside_truncated_ones, 0, 10, 0),
    "messages replayed on another station": (replayed_on_another_station, 0, 0, 10),
    "all of it at once": (all_of_it, 160, 10, 10),
    "no fault": (as_they_are, 0, 0, 0),
}


@pytest.mark.parametrize(("arranged", "duplicate", "refused", "forged"), FAULTS.values(), ids=FAULTS)
def test_each_record_is_stored_once_whatever_comes(bench, until, arranged, duplicate, refused, forged):
    service = bench.start()
    with bench.station("upper") as upper:
        messages = [upper.sealed(stage_batch(number * RECORDS, [500] * RECORDS)) for number in range(BATCHES)]
        for station, message in arranged(messages):
            upper.publish_bytes(message, upper.topic.replace("upper", station))
        assert upper.has_receipts(7, 0, BATCHES * RECORDS - 1)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert_embedded_has(bench.settings.embedded.path, names("upper", 7, range(BATCHES * RECORDS)), counts)
    found = [counts[name] for name in ("records_duplicate", "messages_refused", "messages_forged")]
    assert found == [duplicate, refused, forged]
