"""The gateway on a real broker: from sealed messages to observations, receipts and flags."""

import json
import sqlite3
from dataclasses import replace
from time import monotonic
from urllib.request import urlopen

import pytest

from gateway.entries import DeadLetter
from gateway.ingest import Ingest
from gateway.observations import REMOVED, Gap, Observation
from gateway.reception import REPLAY_LIMIT
from gateway.service import Service
from gateway.settings import WebSettings
from gateway.status import read_status
from protocol import topics
from protocol.cose import seal
from protocol.messages import encode_data
from protocol.quality import FAIL, GOOD, MISSING, NO_READING
from protocol.topics import gateway_state_topic
from tests.fakes.publisher import NOW_MS, RECORD_EVERY_MS, START_MS, hmac_sha256, stage_batch

FOREVER_MS = (0, 2**62)


def assert_sums_hold(counts):
    assert counts["messages_received"] == (
        counts["messages_decoded"] + counts["messages_refused"] + counts["messages_forged"]
    )
    assert counts["records_received"] == (
        counts["records_stored"] + counts["records_duplicate"] + counts["records_dead"] + counts["records_pending"]
    )


def test_a_sealed_message_is_stored_and_receipted(bench):
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, None]))
        assert upper.has_receipts(7, 0, 1)
    observations = bench.store.read_observations("upper", *FOREVER_MS)
    stages = [each for each in observations if each.variable == "stage_m"]
    common = {"log_id": 7, "configuration_no": 1, "received_at_ms": NOW_MS, "provenance": "authenticated"}
    assert stages == [
        Observation("test-basin", "upper", 1, "stage_m", START_MS, 0.5, GOOD, record_no=0, **common),
        Observation(
            "test-basin", "upper", 1, "stage_m", START_MS + RECORD_EVERY_MS, None, MISSING, record_no=1, **common,
            null_reason=NO_READING,
        ),
    ]  # fmt: skip


def test_discharge_is_rated_inside_the_table_and_missing_outside(bench):
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, 2500, None]))
        assert upper.has_receipts(7, 0, 2)
    revisions = bench.store.read_revisions("upper", *FOREVER_MS)
    assert [(each.value, each.quality) for each in revisions] == [(50.0, GOOD), (None, MISSING), (None, MISSING)]
    assert {(each.variable, each.rule, each.rating, each.revision_no) for each in revisions} == {
        ("discharge_m3_s", "rating", "upper-test-1", 1)
    }


def test_a_message_sent_twice_is_stored_once_and_receipted_twice(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        for _ in range(2):
            upper.publish(stage_batch(0, [500, 501]))
        until(lambda: len(upper.answers) == 2 or service.counts()["records_duplicate"] == 2, "the second is counted")
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    assert bench.store.count_records("upper", *FOREVER_MS) == 2
    counts = service.counts()
    assert (counts["records_stored"], counts["records_duplicate"]) == (2, 2)
    assert_sums_hold(counts)


def test_bad_messages_become_dead_letters_and_the_flow_goes_on(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        good = upper.sealed(stage_batch(0, [500]))
        upper.publish_bytes(b"not a message")
        upper.publish_bytes(good[:-3])
        upper.publish_bytes(good[:-1] + bytes([good[-1] ^ 0xFF]))
        upper.publish_bytes(good, upper.topic.replace("upper", "lower"))
        upper.publish_bytes(good, upper.topic.replace("upper", "stranger"))
        upper.publish_bytes(seal(b"\x80", upper.key, upper.key_id, upper.topic, hmac_sha256))
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        assert upper.wait_for_refusal().reason == "wrong-size"
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    names = ("messages_received", "messages_decoded", "messages_refused", "messages_forged", "records_stored")
    assert [counts[name] for name in names] == [7, 1, 4, 2, 1]
    assert_sums_hold(counts)


def test_a_second_record_for_an_instant_is_never_an_overwrite(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        upper.publish(stage_batch(0, [900], log_id=8))
        assert upper.has_receipts(8, 0, 0), "a dead record is accounted for, so the station may free it"
        until(service.is_idle, "the gateway is idle")
    stages = [each for each in bench.store.read_observations("upper", *FOREVER_MS) if each.variable == "stage_m"]
    assert [(each.value, each.log_id) for each in stages] == [(0.5, 7)]
    assert service.counts()["records_dead"] == 1
    assert_sums_hold(service.counts())


def test_a_gap_that_a_station_tells_is_kept(bench):
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(10, [500], gaps=[(3, 9)]))
        assert upper.has_receipts(7, 10, 10)
    assert bench.store.read_gaps("upper") == [Gap("test-basin", "upper", 7, 3, 9, NOW_MS)]


def test_a_flag_is_stored_published_and_cleared(bench, listener, until):
    service = bench.start()
    heard = listener(topics.topic("test-basin", "upper", "flag"))
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [900, 1200]))
        topic, raised = heard.get(timeout=20)
        upper.publish(stage_batch(2, [1500, 700, 700, 700]))
        told = [json.loads(heard.get(timeout=20)[1]) for _ in range(2)]
        until(service.is_idle, "the gateway is idle")
    raised = json.loads(raised)
    assert (topic, raised["state"], raised["peak"]) == ("rg/1/test-basin/upper/flag", "raised", 1.2)
    assert raised["first_detected_at"] == "2018-08-30T00:15:00Z"
    assert [(each["state"], each["peak"]) for each in told] == [("raised", 1.5), ("cleared", 1.5)]
    (flag,) = bench.store.read_flags("upper", *FOREVER_MS)
    assert (flag.state, flag.first_detected_at_ms) == ("cleared", START_MS + RECORD_EVERY_MS)
    assert (flag.peak, flag.cleared_at_ms) == (1.5, START_MS + 5 * RECORD_EVERY_MS)


def test_a_raised_flag_reaches_one_who_comes_later(bench, listener, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1200]))
        until(lambda: upper.has_receipts(7, 0, 0) and service.is_idle(), "the gateway is idle")
    _, message = listener(topics.topic("test-basin", "upper", "flag")).get(timeout=20)
    assert json.loads(message)["state"] == "raised"


def test_a_rise_flag_is_raised_on_a_station_without_a_rating(bench, until):
    service = bench.start()
    with bench.station("lower") as lower:
        lower.publish(stage_batch(0, [100, 200, 300, 400, 500, 800]))
        assert lower.has_receipts(7, 0, 5)
        until(service.is_idle, "the gateway is idle")
    (flag,) = bench.store.read_flags("lower", *FOREVER_MS)
    assert (flag.threshold, flag.kind, flag.state) == ("rapid-rise", "rise_rate", "raised")
    assert flag.peak == pytest.approx(0.6)


@pytest.mark.parametrize(
    "changes",
    [{"test": True}, {"qualities": {0: FAIL, 1: FAIL}}],
    ids=["records with the test mark", "records that failed"],
)
def test_such_records_are_stored_and_raise_no_flag(bench, until, changes):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1900, 1900], **changes))
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    assert bench.store.count_records("upper", *FOREVER_MS) == 2
    assert bench.store.read_flags("upper", *FOREVER_MS) == []


def test_a_flag_raised_before_a_restart_is_cleared_after_it(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1200]))
        assert upper.has_receipts(7, 0, 0)
        until(service.is_idle, "the gateway is idle")
        bench.stop(service)
        service = bench.start()
        upper.publish(stage_batch(1, [700, 700, 700]))
        assert upper.has_receipts(7, 1, 3)
        until(service.is_idle, "the gateway is idle")
    (flag,) = bench.store.read_flags("upper", *FOREVER_MS)
    assert (flag.state, flag.first_detected_at_ms) == ("cleared", START_MS)


def test_a_flood_that_is_only_in_the_backlog_is_flagged_once(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        for first_no, stages_mm in [(0, [500]), (20, [500]), (10, [1200, 1500, 700]), (5, [700] * 5), (13, [700] * 7)]:
            upper.publish(stage_batch(first_no, stages_mm))
            assert upper.has_receipts(7, first_no, first_no + len(stages_mm) - 1)
            bench.stop(service)
            service = bench.start()
        upper.publish(stage_batch(1, [500] * 4))
        assert upper.has_receipts(7, 1, 4)
        until(service.is_idle, "the gateway is idle")
    (flag,) = bench.store.read_flags("upper", *FOREVER_MS)
    assert (flag.state, flag.peak, flag.first_detected_at_ms) == ("cleared", 1.5, START_MS + 10 * RECORD_EVERY_MS)


def test_the_flag_of_a_threshold_taken_out_of_the_basin_file_is_cleared_and_says_why(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1200]))
        assert upper.has_receipts(7, 0, 0)
        until(service.is_idle, "the gateway is idle")
    bench.stop(service)
    stations = [replace(station, thresholds=()) for station in bench.basin.stations]
    bench.basin = replace(bench.basin, stations=tuple(stations))
    service = bench.start()
    until(lambda: service.is_idle() and bench.store.read_flags("upper", *FOREVER_MS)[0].cleared_at_ms, "it is cleared")
    (flag,) = bench.store.read_flags("upper", *FOREVER_MS)
    assert (flag.state, flag.cleared_by) == ("cleared", REMOVED)


def test_of_much_in_a_short_time_a_bounded_number_is_seen_again_and_no_flag_is_told_twice(bench, until, monkeypatch):
    monkeypatch.setattr("gateway.flagging.SEEN_LIMIT", 20)
    service = bench.start()
    with bench.station("upper") as upper:
        for first_no in range(0, 100, 5):
            upper.publish(stage_batch(first_no, [1200] * 5 if first_no == 10 else [500] * 5))
            assert upper.has_receipts(7, first_no, first_no + 4)
            until(service.is_idle, "the gateway is idle")
            assert service.journal.count_seen("upper", "stage_m") <= 20
    assert [flag.state for flag in bench.store.read_flags("upper", *FOREVER_MS)] == ["cleared"]


def test_what_came_more_than_a_month_before_the_newest_is_let_go_and_no_flag_is_told_again(bench, until):
    service = bench.start()
    flood = [500, 1200, 700, 700, 700]
    with bench.station("upper") as upper:
        for first_no, stages_mm in ((0, flood), (33 * 96, [500]), (34 * 96, [500])):
            # One after the other: what is let go is what the step before has kept.
            upper.publish(stage_batch(first_no, stages_mm))
            assert upper.has_receipts(7, first_no, first_no)
            until(service.is_idle, "the gateway is idle")
        assert service.journal.first_seen_ms("upper", "stage_m") == START_MS + 33 * 96 * RECORD_EVERY_MS
        upper.publish(stage_batch(33 * 96 + 10, [500]))
        assert upper.has_receipts(7, 33 * 96 + 10, 33 * 96 + 10)
        until(service.is_idle, "the gateway is idle")
    assert [flag.state for flag in bench.store.read_flags("upper", *FOREVER_MS)] == ["cleared"]


@pytest.mark.parametrize(("is_store_lost", "lost"), [(False, 0), (True, 7)], ids=["the store is there", "lost too"])
def test_a_journal_that_was_lost_is_noticed_by_what_the_stations_say(bench, until, is_store_lost, lost):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500] * 10))
        assert upper.has_receipts(7, 0, 9)
        bench.stop(service)
        for path in bench.folder.glob("journal.sqlite*"):
            path.unlink()
        if is_store_lost:
            for path in bench.folder.glob("observations.sqlite*"):
                path.unlink()
        service = bench.start()
        upper.publish(stage_batch(8, [500] * 6, oldest_held=10, receipted=10))
        assert upper.has_receipts(7, 8, 13)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["records_lost_after_receipt"], counts["records_overwritten"]) == (lost, 0)
    assert counts["records_duplicate"] == (0 if is_store_lost else 2)
    assert_sums_hold(counts)


def test_a_queue_formatted_anew_and_its_open_gaps_are_shown(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        upper.publish(stage_batch(5, [500]))
        upper.publish(stage_batch(20, [500], log_id=8, gaps=[(0, 19)]))
        assert upper.has_receipts(8, 20, 20)
        until(service.is_idle, "the gateway is idle")
    status = read_status(service.journal)
    shown = ("records_awaited", "records_overwritten", "queues_reformatted", "records_lost_after_receipt")
    assert [status[name] for name in shown] == [4, 20, 1, 0]


def test_the_state_topic_says_accepting_and_gone(bench, listener):
    heard = listener(gateway_state_topic("gateway-1"))
    service = bench.start()
    said = [json.loads(heard.get(timeout=20)[1])]
    bench.stop(service)
    while said[-1] != {"state": "gone"}:  # a heartbeat may have said the same again
        assert said[-1] == {"state": "accepting"}
        said.append(json.loads(heard.get(timeout=20)[1]))
    assert len(said) > 1


def test_receipts_may_be_given_after_the_journal(bench):
    bench.settings = replace(bench.settings, receipts_after="journal")
    bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)


def test_a_dead_letter_is_tried_again_when_asked(bench, until):
    key_file = bench.settings.keys / "test-basin" / "upper.key"
    line = key_file.read_text()
    key_file.unlink()
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        until(lambda: service.counts()["messages_forged"] == 1, "the message is refused for want of a key")
        key_file.write_text(line)
        journal = service.journal
        with journal.transaction() as transaction:
            assert transaction.ask_for_replay(journal.dead_letters()[0].id)
        assert upper.has_receipts(7, 0, 0)
        until(service.is_idle, "the gateway is idle")
    counts = service.counts()
    assert (counts["messages_received"], counts["messages_decoded"], counts["messages_forged"]) == (1, 1, 0)
    assert_sums_hold(counts)
    assert journal.dead_letters() == []


def test_a_dead_letter_that_cannot_be_tried_again_stays_and_holds_nothing_up(bench, until):
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        # A record that is not held as dead, as after a journal was put back from a copy.
        letter = DeadLetter(0, "reason", upper.topic, True, encode_data(stage_batch(0, [500])), b"", None, 7, 0)
        with service.journal.transaction() as transaction:
            transaction.add_dead_letter(letter)
            transaction.ask_for_replay(1)
        until(lambda: not service.journal.dead_letters_to_replay(0, 1), "it was tried")
        upper.publish(stage_batch(1, [500]))
        assert upper.has_receipts(7, 1, 1)
    assert len(service.journal.dead_letters()) == 1


class Poisonous(Ingest):
    """An ingest with a fault of ours in it, which one message meets."""

    def judge(self, topic, message, received_at_ms):
        if message == b"poison":
            raise ZeroDivisionError
        return super().judge(topic, message, received_at_ms)


def test_more_dead_letters_than_are_tried_at_once_are_all_tried_again(bench, until):
    count = 2 * REPLAY_LIMIT + 1
    service = bench.start()
    key_file = bench.settings.keys / bench.basin.code / "upper.key"
    key = key_file.read_bytes()
    key_file.unlink()
    with bench.station("upper") as upper:
        for record_no in range(count):
            upper.publish(stage_batch(record_no, [500]))
        until(lambda: service.counts()["messages_forged"] == count, "all are judged")
        key_file.write_bytes(key)
        with service.journal.transaction() as transaction:
            for letter in service.journal.dead_letters():
                transaction.ask_for_replay(letter.id)
        assert upper.has_receipts(7, 0, count - 1)
        until(service.is_idle, "the gateway is idle")
    assert service.journal.dead_letters() == []
    assert bench.store.count_records("upper", *FOREVER_MS) == count
    assert_sums_hold(service.counts())


def test_a_message_that_meets_a_fault_of_ours_is_a_dead_letter_and_the_flow_goes_on(bench, until, monkeypatch):
    monkeypatch.setattr("gateway.basin_parts.Ingest", Poisonous)
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        upper.publish_bytes(b"poison")
        upper.publish(stage_batch(1, [500]))
        assert upper.has_receipts(7, 0, 1)
        until(service.is_idle, "the gateway is idle")
    assert [letter.payload for letter in service.journal.dead_letters()] == [b"poison"]
    assert_sums_hold(service.counts())


@pytest.mark.parametrize("is_journal", [True, False], ids=["journal", "store"])
def test_a_file_that_is_no_database_is_told_at_the_start_and_left_as_it_is(bench, is_journal):
    path = bench.settings.journal if is_journal else bench.settings.embedded.path
    path.write_text("this is no database, and it is somebody's file " * 100)
    with pytest.raises(sqlite3.DatabaseError, match=path.name):
        Service(bench.settings, bench.basin, now_ms=lambda: NOW_MS).start()
    assert path.read_text().startswith("this is no database")


def test_a_page_whose_port_is_taken_is_told_at_the_start(bench):
    taken = bench.mosquitto.port
    settings = replace(bench.settings, web=WebSettings("127.0.0.1", taken))
    with pytest.raises(OSError, match=str(taken)):
        Service(settings, bench.basin, now_ms=lambda: NOW_MS).start()


def test_the_page_is_served_where_the_settings_say(bench):
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", 0))
    service = bench.start()
    with urlopen(service.web_url, timeout=10) as answer:
        assert b"Upper" in answer.read()


def test_it_ends_within_five_seconds_with_the_broker_away(bench):
    service = bench.start()
    bench.mosquitto.kill()
    before_s = monotonic()
    bench.stop(service)
    assert monotonic() - before_s < 5
