"""What the stores have of a log that a lost journal knew."""

import pytest

from gateway.stored_records import REST_S, StoredRecords
from gateway.stores.embedded import EmbeddedStore
from gateway.stores.influxdb import connect_v1
from rivergauge.servers import free_port
from tests.fakes.publisher import RECORD_EVERY_MS, START_MS
from tests.gateway.deliveries import delivery


@pytest.fixture
def embedded(tmp_path):
    """Stores in files, by name."""
    opened = []

    def open_store(name, stages_mm):
        store = EmbeddedStore(tmp_path / f"{name}.sqlite", name)
        store.open()
        opened.append(store)
        store.write([delivery(stages_mm)])
        return store

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def away():
    return connect_v1("away", f"http://127.0.0.1:{free_port()}", "river", "", "")


def expected(*numbers):
    return [(number, START_MS + number * RECORD_EVERY_MS) for number in numbers]


def test_what_any_store_has_is_found(embedded):
    stored = StoredRecords("b", [embedded("one", [500]), embedded("two", [500, 501, 502])], lambda: 0)
    assert stored.find("upper", 7, 0, 9) == expected(0, 1, 2)
    assert stored.find("upper", 7, 1, 1) == expected(1)
    assert stored.find("lower", 7, 0, 9) == []


def test_a_store_that_is_away_is_not_asked_where_another_has_everything(embedded, away):
    stored = StoredRecords("b", [embedded("one", [500, 501]), away], lambda: 0)
    assert stored.find("upper", 7, 0, 1) == expected(0, 1)


def test_while_a_store_is_away_nothing_is_said_to_be_missing_and_it_is_not_asked_again_at_once(embedded, away, caplog):
    now_s = 100.0
    one = embedded("one", [500])
    stored = StoredRecords("b", [away], lambda: now_s)
    assert stored.find("upper", 7, 0, 1) is None
    stored._stores = [one]
    assert stored.find("upper", 7, 0, 0) is None
    now_s += REST_S
    assert stored.find("upper", 7, 0, 0) == expected(0)
    assert "looking for records that a lost journal knew" in caplog.text


def test_a_file_that_is_torn_is_a_store_that_cannot_be_asked(embedded, tmp_path, caplog):
    (tmp_path / "torn.sqlite").write_bytes(b"no database " * 1000)
    stored = StoredRecords("b", [EmbeddedStore(tmp_path / "torn.sqlite")], lambda: 0)
    assert stored.find("upper", 7, 0, 1) is None
    assert "torn.sqlite" in caplog.text
