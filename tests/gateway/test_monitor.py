"""/readyz and /metrics of a gateway that runs, scraped as others scrape them."""

import contextlib
import json
import sqlite3
import sys
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway.settings import EmbeddedSettings, InfluxSettings, WebSettings
from rivergauge.servers import free_port
from tests.fakes.publisher import stage_batch

TOKEN = "a-token-of-twenty-six-chars"


@pytest.fixture
def service(bench):
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", 0))
    return bench.start()


def ask(service, path, **headers):
    """Return status and body."""
    request = urllib.request.Request(service.web_url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def hindrances(service):
    status, body = ask(service, "readyz")
    found = json.loads(body)["hindrances"]
    assert status == (503 if found else 200)
    return found


def scrape(service):
    """Return the value of each sample, named with its labels."""
    status, body = ask(service, "metrics")
    assert status == 200
    return {
        each.name.removeprefix("rivergauge_") + "".join(f" {value}" for value in each.labels.values()): each.value
        for family in text_string_to_metric_families(body)
        for each in family.samples
    }


def test_it_is_ready_once_its_own_word_has_come_back(service, until):
    until(lambda: hindrances(service) == [], "it is ready")


def test_it_is_not_ready_without_its_broker_and_ready_again_with_it(service, bench, until):
    bench.mosquitto.stop()
    until(lambda: hindrances(service) == ["the broker is away"], "the loss is told")
    bench.mosquitto.start()
    until(lambda: hindrances(service) == [], "it is ready again")


def test_it_is_not_ready_while_nothing_comes_back(service, until, monkeypatch):
    until(lambda: hindrances(service) == [], "it is ready")
    monkeypatch.setattr("gateway.monitor.ECHO_LIMIT_S", 0.0)
    assert hindrances(service) == ["nothing published has come back from the broker for 0 s"]


def test_it_is_not_ready_while_its_journal_takes_nothing(service, until):
    until(lambda: hindrances(service) == [], "it is ready")
    service.journal._connections.writer.execute("PRAGMA query_only = 1")
    assert hindrances(service) == ["the journal cannot be written: attempt to write a readonly database"]
    service.journal._connections.writer.execute("PRAGMA query_only = 0")
    assert hindrances(service) == []


def test_it_is_not_ready_while_its_journal_is_full_of_what_a_store_lacks(bench, until):
    away = InfluxSettings("away", "influxdb1", f"http://127.0.0.1:{free_port()}", "river")
    web = WebSettings("127.0.0.1", 0)
    bench.settings = replace(bench.settings, stores=(*bench.settings.stores, away), web=web, journal_limit_mb=1)
    service = bench.start()
    with bench.station("upper") as upper:
        for number in range(2000):
            upper.publish(stage_batch(512 * number, [(number + index) * 7919 % 60_000 for index in range(512)]))
            if number % 50 == 0 and scrape(service)["holding"]:
                break
    assert hindrances(service) == ["the journal is near its limit, until every store has taken more"]
    assert scrape(service)["journal_bytes"] > 0.8 * 2**20


def test_it_is_not_ready_while_a_stage_cannot_go_on(service, bench, until, monkeypatch):
    monkeypatch.setattr("gateway.worker.AFTER_FAULT_S", 0.05)
    until(lambda: hindrances(service) == [], "it is ready")
    with contextlib.closing(sqlite3.connect(service.journal.path)) as other, bench.station("upper") as upper:
        other.execute("ALTER TABLE flag_state RENAME TO elsewhere")
        upper.publish(stage_batch(0, [500]))
        trouble = "flagging cannot go on: no such table: flag_state"
        until(lambda: trouble in hindrances(service), "it says what stands still")
        other.execute("ALTER TABLE elsewhere RENAME TO flag_state")
        until(lambda: hindrances(service) == [], "it is ready again")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it_is_not_ready_when_a_thread_of_it_has_died(service, until):
    until(lambda: hindrances(service) == [], "it is ready")
    service.pipeline.reception.between_steps(sys.exit)
    until(lambda: hindrances(service) == ["reception cannot go on: its thread has died"], "it says so")


def test_whether_the_journal_can_be_written_is_tried_and_not_guessed(service):
    with contextlib.closing(sqlite3.connect(service.journal.path)) as other:
        versions = [other.execute("PRAGMA data_version").fetchone()]
        hindrances(service)
        versions.append(other.execute("PRAGMA data_version").fetchone())
    assert versions[0] != versions[1]


def test_the_numbers_are_those_of_the_journal_and_both_sums_hold(service, bench, until):
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, 501]))
        upper.publish(stage_batch(0, [500, 501]))
        upper.publish_bytes(b"not a message")
        until(lambda: service.counts()["messages_received"] == 3 and service.is_idle(), "all is done")
    numbers = scrape(service)
    assert numbers["records_received_total"] == 4
    assert (numbers["records_stored_total"], numbers["records_duplicate_total"]) == (2, 2)
    assert numbers["messages_refused"] + numbers["messages_forged"] == 1
    assert (numbers["messages_unaccounted"], numbers["records_unaccounted"]) == (0, 0)
    assert (numbers["store_lag_frames embedded"], numbers["store_lag_seconds embedded"]) == (0, 0)
    assert numbers["broker_subscribed"] == 1


def test_a_store_that_is_away_lags_and_the_other_does_not(bench, until):
    away = InfluxSettings("away", "influxdb1", f"http://127.0.0.1:{free_port()}", "river")
    stores = (*bench.settings.stores, away)
    assert isinstance(stores[0], EmbeddedSettings)
    bench.settings = replace(bench.settings, stores=stores, web=WebSettings("127.0.0.1", 0))
    service = bench.start()
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500, 501]))
        until(lambda: bench.store.count_records("upper", 0, 2**62) == 2, "the embedded store has it")
    until(lambda: scrape(service)["store_lag_frames embedded"] == 0, "the embedded store is at the head")
    numbers = scrape(service)
    assert numbers["store_lag_frames away"] == 1
    assert (numbers["records_pending"], numbers["records_unaccounted"]) == (2, 0)


def test_the_page_of_a_gateway_asks_for_the_token_of_its_file(bench, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", 0, token_file=tmp_path / "token"))
    service = bench.start()
    assert ask(service, "metrics")[0] == 401
    assert ask(service, "metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(service, "healthz")[0] == 200


def test_a_short_token_is_refused_at_the_start(bench, tmp_path):
    (tmp_path / "token").write_text("secret")
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", 0, token_file=tmp_path / "token"))
    with pytest.raises(OSError, match="expected a token of at least 16"):
        bench.start()
