"""A station that sends without measure: it is held off, the others are not, and nothing of it is lost."""

from dataclasses import replace

import pytest

from gateway.dead_letter_share import LOOK_AGAIN_S, DeadLetterShare
from gateway.entries import DeadLetter
from gateway.quarantine import LETTERS_PER_MINUTE, QUARANTINED, Excess, Quarantine
from gateway.rate_limits import RateLimits
from gateway.status import read_status
from tests.fakes.publisher import NOW_MS, stage_batch

MINUTE_MS = 60_000
FOREVER_MS = (0, 2**62)
LIMITS = RateLimits(messages_per_minute=3, records_per_minute=10)


def test_beyond_the_limit_each_message_of_the_minute_is_in_excess():
    quarantine = Quarantine(LIMITS, DeadLetterShare(1, dict, lambda: 0.0))
    found = [quarantine.add_message("upper", 1000 + number) for number in range(5)]
    reason = "quarantined: more than 3 messages within a minute"
    assert found == [None, None, None, Excess(reason, 1), Excess(reason, 2)]


def test_records_are_counted_over_the_messages_of_a_minute():
    quarantine = Quarantine(LIMITS, DeadLetterShare(1, dict, lambda: 0.0))
    found = []
    for count in (6, 4, 1):
        quarantine.add_message("upper", 1000)
        found.append(quarantine.add_records("upper", count))
    assert found == [None, None, Excess("quarantined: more than 10 records within a minute", 1)]


@pytest.mark.parametrize(
    ("station", "at_ms", "is_taken"),
    [("upper", MINUTE_MS - 1, False), ("upper", MINUTE_MS, True), ("upper", -1, True), ("lower", 0, True)],
    ids=["the same minute", "the next one", "a clock set back", "another station"],
)
def test_a_limit_is_of_one_station_and_one_minute(station, at_ms, is_taken):
    quarantine = Quarantine(LIMITS, DeadLetterShare(1, dict, lambda: 0.0))
    for _ in range(9):
        quarantine.add_message("upper", 0)
    assert (quarantine.add_message(station, at_ms) is None) == is_taken


def assert_sums_hold(counts):
    assert counts["messages_received"] == (
        counts["messages_decoded"] + counts["messages_refused"] + counts["messages_forged"]
    )
    assert counts["records_received"] == (
        counts["records_stored"] + counts["records_duplicate"] + counts["records_dead"] + counts["records_pending"]
    )


def test_dead_letters_that_people_have_dropped_make_room_for_others():
    kept, now_s = {"a": 90, "b": 10}, [0.0]
    share = DeadLetterShare(100, lambda: kept, lambda: now_s[0])
    share.add([DeadLetter(0, "reason", "a", True, bytes(10)), DeadLetter(0, "reason", "b", False, bytes(100))])
    assert (share.is_used_up("a"), share.is_used_up("b")) == (True, False)
    kept["a"], now_s[0] = 0, LOOK_AGAIN_S
    assert not share.is_used_up("a")


def test_a_station_beyond_its_limit_is_held_off_alone_and_loses_nothing(bench, until, caplog):
    bench.settings = replace(bench.settings, limits=RateLimits(messages_per_minute=20))
    service = bench.start()
    with bench.station("upper") as upper, bench.station("lower") as lower:
        for record_no in range(50):
            upper.publish(stage_batch(record_no, [500]))
        lower.publish(stage_batch(0, [500]))
        assert lower.has_receipts(7, 0, 0)
        until(lambda: service.counts()["messages_received"] == 51, "all are judged")
        assert upper.has_receipts(7, 0, 19)
        until(service.is_idle, "the gateway is idle")
        assert upper.receipted == {(7, number) for number in range(20)}, "it keeps the others"
        status = read_status(service.journal)
        assert (status["messages_quarantined"], status["quarantined_dropped"]) == (30, 30 - LETTERS_PER_MINUTE)
        assert status["dead_letters_kept"] == LETTERS_PER_MINUTE
        assert caplog.text.count("more than 20 messages within a minute; it gets no receipt") == 1
        for minute, first_no in enumerate((20, 35), 1):
            bench.now_ms = NOW_MS + minute * MINUTE_MS
            for record_no in range(first_no, first_no + 15):
                upper.publish(stage_batch(record_no, [500]))
            assert upper.has_receipts(7, first_no, first_no + 14)
        until(service.is_idle, "the gateway is idle")
    assert bench.store.count_records("upper", *FOREVER_MS) == 50
    assert_sums_hold(service.counts())


def test_a_quarantined_message_is_taken_when_it_is_tried_again_in_a_quiet_minute(bench, until):
    bench.settings = replace(bench.settings, limits=RateLimits(records_per_minute=60))
    service = bench.start()
    with bench.station("upper") as upper:
        for first_no in (0, 50):
            upper.publish(stage_batch(first_no, [500] * 50))
        until(lambda: service.counts()["messages_quarantined"] == 1, "the second is quarantined")
        (letter,) = service.journal.dead_letters()
        assert (letter.reason, letter.authenticated) == ("quarantined: more than 60 records within a minute", True)
        bench.now_ms += MINUTE_MS
        with service.journal.transaction() as transaction:
            transaction.ask_for_replay(letter.id)
        assert upper.has_receipts(7, 50, 99)
        until(service.is_idle, "the gateway is idle")
    assert service.journal.dead_letters() == []
    assert_sums_hold(service.counts())


def test_forged_messages_put_no_station_into_quarantine(bench, until):
    bench.settings = replace(bench.settings, limits=RateLimits(messages_per_minute=5))
    service = bench.start()
    with bench.station("upper") as upper:
        for _ in range(20):
            upper.publish_bytes(upper.sealed(stage_batch(0, [500]))[:-1] + b"x")
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["messages_forged"], counts["messages_quarantined"]) == (20, 0)


def test_of_quarantined_messages_only_the_newest_are_kept(bench, until):
    bench.settings = replace(bench.settings, limits=RateLimits(messages_per_minute=1))
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish_bytes(b"refused for another reason")
        for record_no in range(8):
            upper.publish(stage_batch(record_no, [500]))
        until(lambda: service.counts()["messages_received"] == 9, "all are judged")
    with service.journal.transaction() as transaction:
        transaction.drop_excess_of_quarantined(3, 1_000_000)
    letters = service.journal.dead_letters()
    assert [letter.reason.split(":")[0] for letter in letters] == ["wrong-type at byte 0", *[QUARANTINED] * 3]
    assert service.counts()["quarantined_dropped"] == 4
