"""kill -9 of the gateway: before and after each step, and at random times under load. `make kills` kills 200 times."""

import base64
import itertools
import os
import pickle
import random
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from time import monotonic, sleep

import pytest

from gateway.settings import InfluxSettings
from rivergauge.servers import VictoriaMetrics
from tests.conftest import PROJECT
from tests.fakes.publisher import stage_batch
from tests.gateway.accounting import assert_embedded_has, names, stored_in_victoria_metrics
from tests.gateway.killed_gateway import STEPS, Marks, Run

KILLS = int(os.environ.get("GATEWAY_KILLS", "8"))
SEED = int(os.environ.get("GATEWAY_KILLS_SEED", "4"))
LATEST_KILL_S = 0.25  # after the gateway has begun to journal
WAIT_LIMIT_S = 60.0  # for a gateway to start and come to the step, on a machine that has much to do
LOAD_PAUSE_S = 0.005
RECORDS_OF_MESSAGE, RECORDS_AT_ONCE, RECORDS_AHEAD = 3, 60, 3000


class Gateways:
    """One gateway at a time in a process of its own."""

    def __init__(self, bench):
        self._bench = bench
        self.marks = Marks(bench.folder / "marks")
        self._starter = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.killed_gateway"],
            cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.pid = 0

    def run(self, **when):
        """Start a gateway and return once its process is there."""
        self.marks.clear()
        run = Run(self._bench.settings, PROJECT / "tests/gateway/basin.toml", self._bench.folder / "marks", **when)
        self._starter.stdin.write(base64.b64encode(pickle.dumps(run)) + b"\n")
        self._starter.stdin.flush()
        self.pid = int(self._said("pid"))

    def has_ended(self):
        return bool(select.select([self._starter.stdout], [], [], 0)[0])

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def status(self):
        """Wait for the end of the gateway and return its exit status, negative for a signal."""
        status = int(self._said("ended"))
        self.pid = 0
        return status

    def close(self):
        if self.pid and not self.has_ended():
            self.kill()
        self._starter.stdin.close()
        self._starter.wait(WAIT_LIMIT_S)
        self._starter.stdout.close()

    def _said(self, word):
        assert select.select([self._starter.stdout], [], [], WAIT_LIMIT_S)[0], f"waited for `{word}` in vain"
        said, number = self._starter.stdout.readline().split()
        assert said == word.encode()
        return number


@pytest.fixture
def victoria_metrics(tmp_path, part):
    with VictoriaMetrics(tmp_path / "victoria", part("victoria-metrics")) as server:
        yield server


@pytest.fixture
def gateways(bench, victoria_metrics):
    """Gateways with two stores: the embedded one and a server."""
    second = InfluxSettings("victoria", "victoriametrics", f"http://127.0.0.1:{victoria_metrics.port}")
    bench.settings = replace(bench.settings, stores=(bench.settings.embedded, second))
    # The broker keeps messages for a session only from its first connection on.
    bench.stop(bench.start())
    gateways = Gateways(bench)
    yield gateways
    gateways.close()


def wait_until(is_so, what):
    ends_s = monotonic() + WAIT_LIMIT_S
    while not is_so():
        assert monotonic() < ends_s, f"waited {WAIT_LIMIT_S:g} s in vain until {what}"
        sleep(0.001)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_gateway_killed_at_a_step_loses_and_doubles_nothing(bench, gateways, until, victoria_metrics, step, moment):
    gateways.run(step=step, moment=moment, count=3)
    numbers = itertools.count()
    with bench.station("lower") as lower:

        def published_until_it_ended():
            lower.publish(stage_batch(next(numbers), [500]))
            return gateways.has_ended()

        wait_until(published_until_it_ended, "the gateway came past the step")
        assert gateways.status() == -signal.SIGKILL
        last_no = next(numbers)
        lower.publish(stage_batch(last_no, [500]))
        service = bench.start()
        assert lower.has_receipts(7, 0, last_no)
        until(service.is_idle, "the gateway is idle")
    assert_both_have(bench, victoria_metrics, names("lower", 7, range(last_no + 1)), service.counts())


class Load(threading.Thread):
    """A station that does not stop sending, and is ahead of its receipts by no more than can be caught up."""

    def __init__(self, station):
        super().__init__()
        self._station = station
        self._is_over = threading.Event()
        self.sent = 0  # records

    def run(self):
        while not self._is_over.wait(LOAD_PAUSE_S):
            if self.sent - len(self._station.receipted) > RECORDS_AHEAD:
                continue
            firsts = range(self.sent, self.sent + RECORDS_AT_ONCE, RECORDS_OF_MESSAGE)
            self._station.publish_all(stage_batch(first_no, [500] * RECORDS_OF_MESSAGE) for first_no in firsts)
            self.sent += RECORDS_AT_ONCE

    def end(self):
        self._is_over.set()
        self.join()


@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_gateway_killed_at_random_times_under_load_loses_and_doubles_nothing(
    bench, gateways, until, victoria_metrics
):
    seeded, hits = random.Random(SEED), 0
    with bench.station("lower") as lower:
        load = Load(lower)
        load.start()
        try:
            for tried in itertools.count(1):
                assert tried <= 3 * KILLS, "most kills hit an idle gateway"
                gateways.run()
                wait_until(lambda: gateways.marks.begun("journal"), "the gateway journals")
                after_s = seeded.uniform(0, LATEST_KILL_S)
                sleep(after_s)
                gateways.kill()
                assert gateways.status() == -signal.SIGKILL
                steps = gateways.marks.in_progress()
                hits += bool(steps)
                where = f"in {', '.join(steps)}" if steps else "idle, which does not count"
                print(f"kill {hits} of {KILLS}: seed {SEED}.{tried}, {after_s:.3f} s after the first message, {where}")
                if hits == KILLS:
                    break
        finally:
            load.end()
        service = bench.start()
        assert lower.has_receipts(7, 0, load.sent - 1, limit_s=WAIT_LIMIT_S)
        until(service.is_idle, "the gateway is idle")
    assert_both_have(bench, victoria_metrics, names("lower", 7, range(load.sent)), service.counts())


def assert_both_have(bench, victoria_metrics, expected, counts):
    assert_embedded_has(bench.settings.embedded.path, expected, counts)
    assert stored_in_victoria_metrics(victoria_metrics.port) == expected
