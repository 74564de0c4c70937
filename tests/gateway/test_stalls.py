"""Work that does not get on is noticed; work that waits for a known reason is not blamed."""

import threading

import pytest

from gateway.stalls import STALL_LIMIT_S, Stage, Stalls
from gateway.worker import Worker

LATER_S = STALL_LIMIT_S + 1
RECORD_EVERY_MS = 900_000


class Hanging(Worker):
    """Its step does not end before it is let go; `how` is what it waits with."""

    def __init__(self, how):
        super().__init__("hanging")
        self.began, self.let_go = threading.Event(), threading.Event()
        self._how = how

    def step(self):
        self.began.set()
        self._how(self)


@pytest.fixture
def hang():
    workers = []

    def start(how):
        worker = Hanging(how)
        workers.append(worker)
        worker.start()
        assert worker.began.wait(5)
        return worker

    yield start
    for worker in workers:
        worker.let_go.set()
        worker.stop()
        assert worker.join(5)


def test_a_step_that_does_not_end_is_a_stall_after_the_limit(hang):
    stalls = Stalls([Stage(hang(lambda worker: worker.let_go.wait(30)), lambda: 3, lambda: True)])
    assert stalls.look(0.0) == []
    assert stalls.look(STALL_LIMIT_S - 1) == []
    assert stalls.look(LATER_S) == ["hanging"]


def test_a_stage_that_has_told_why_it_rests_is_no_stall(hang, until):
    worker = hang(lambda worker: worker.rest(30))
    until(lambda: worker.is_resting, "it rests")
    stalls = Stalls([Stage(worker, lambda: 3, lambda: True)])
    assert [stalls.look(each * LATER_S) for each in range(3)] == [[], [], []]


def test_a_stage_without_work_or_that_gets_on_is_no_stall(hang):
    worker = hang(lambda worker: worker.let_go.wait(30))
    positions = iter(range(100))
    stalls = Stalls([Stage(worker, lambda: 3, lambda: False), Stage(worker, lambda: next(positions), lambda: True)])
    assert [stalls.look(each * LATER_S) for each in range(3)] == [[], [], []]


def test_work_that_comes_after_a_long_silence_is_given_the_whole_limit(hang):
    has_work = []
    stalls = Stalls([Stage(hang(lambda worker: worker.let_go.wait(30)), lambda: 3, lambda: bool(has_work))])
    stalls.look(0.0)
    stalls.look(10 * LATER_S)
    has_work.append(True)
    assert stalls.look(10 * LATER_S + 1) == []
    assert stalls.look(12 * LATER_S) == ["hanging"]


def test_a_gateway_whose_network_thread_has_died_is_stalled(bench, until):
    service = bench.start()
    assert service.stalled() == []
    service.pipeline.link._client._thread_terminate = True
    until(lambda: service.stalled() == ["network"], "the death of the thread is noticed")


def test_a_gateway_with_its_broker_away_is_not_stalled(bench, until):
    service = bench.start()
    bench.mosquitto.stop()
    until(lambda: not service.is_ready, "the loss is noticed")
    assert service.stalled() == []
