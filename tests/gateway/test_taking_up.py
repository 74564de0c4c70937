"""A basin file that changes while the gateway runs: what depends on it changes, and nothing else."""

import json
import threading
from dataclasses import replace
from urllib.request import urlopen

import pytest

from gateway.ownership_settings import OwnershipSettings
from gateway.settings import WebSettings
from gateway.worker import Worker
from protocol.topics import topic
from rivergauge.basin import ConfigurationError
from tests.fakes.publisher import stage_batch

FOREVER_MS = (0, 2**62)


def changed(basin, **changes):
    """Return the basin with its first station changed."""
    first, *others = basin.stations
    return replace(basin, stations=(replace(first, **changes), *others))


@pytest.fixture
def service(bench):
    bench.settings = replace(bench.settings, web=WebSettings("127.0.0.1", 0))
    return bench.start()


def test_the_flag_of_a_threshold_that_is_gone_ends_at_once(service, bench, listener, until):
    heard = listener(topic("test-basin", "upper", "flag"))
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [1200]))
        assert json.loads(heard.get(timeout=20)[1])["state"] == "raised"
        service.take_up(changed(bench.basin, thresholds=()))
        ended = json.loads(heard.get(timeout=20)[1])
    assert (ended["state"], ended["cleared_by"]) == ("cleared", "removed")


def test_records_are_rated_by_the_rating_of_the_moment(service, bench, until):
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        service.take_up(changed(bench.basin, rating=None))
        upper.publish(stage_batch(1, [500]))
        assert upper.has_receipts(7, 1, 1)
    assert [each.observed_at_ms for each in bench.store.read_revisions("upper", *FOREVER_MS)] == [
        bench.store.read_observations("upper", *FOREVER_MS)[0].observed_at_ms
    ]


def test_the_connection_and_the_page_stay(service, bench):
    address = service.web_url

    def shown():
        with urlopen(address, timeout=10) as answer:
            return answer.read().decode()

    assert "stations/upper" in shown()
    service.take_up(replace(bench.basin, stations=bench.basin.stations[1:]))
    assert service.web_url == address
    assert "stations/upper" not in shown()
    assert service.is_ready
    assert bench.mosquitto.log_path.read_text().count(" as rivergauge-gateway-1 ") == 1


def test_a_station_that_is_gone_from_the_file_is_taken_no_more(service, bench, until):
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)
        service.take_up(replace(bench.basin, stations=bench.basin.stations[1:]))
        upper.publish(stage_batch(1, [500]))
        until(lambda: service.counts()["messages_refused"] == 1, "it is refused")


def test_a_basin_of_another_code_is_not_taken_up_as_it_runs(service, bench):
    assert service.can_take_up(changed(bench.basin, thresholds=()))
    assert not service.can_take_up(replace(bench.basin, code="other-basin"))


def test_a_file_without_a_station_that_the_settings_name_is_refused_and_changes_nothing(bench):
    bench.settings = replace(bench.settings, ownership=OwnershipSettings(own=("upper",), standby_for=()))
    service = bench.start()
    with pytest.raises(ConfigurationError):
        service.take_up(replace(bench.basin, stations=bench.basin.stations[1:]))
    with bench.station("upper") as upper:
        upper.publish(stage_batch(0, [500]))
        assert upper.has_receipts(7, 0, 0)


def test_an_errand_is_run_between_two_steps():
    order = []
    may_end = threading.Event()

    class Slow(Worker):
        def step(self):
            order.append("begins")
            may_end.wait(10)
            order.append("ends")
            return None

    worker = Slow("slow")
    worker.start()
    while not order:
        pass
    is_done = worker.between_steps(lambda: order.append("errand"))
    may_end.set()
    assert is_done.wait(10)
    worker.stop()
    assert worker.join(10)
    assert order[:3] == ["begins", "ends", "errand"]
