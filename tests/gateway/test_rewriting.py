"""What a server may have lost with its memory is written again when it was started anew."""

from dataclasses import dataclass, field

import pytest

from gateway.deliveries import Deliveries
from gateway.entries import DATA, Frame
from gateway.journal import Journal
from gateway.progress import Progress
from gateway.rewriting import EVERY_S, GROUP_LIMIT, Rewriting
from gateway.stores.store import Away, Written
from protocol.messages import encode_data
from tests.fakes.publisher import NOW_MS, stage_batch


@dataclass
class Server:
    """A server that keeps in memory what it was written, until it is started anew."""

    name: str = "server"
    kept_after_s: float = 15.0
    process: str | None = "first"
    is_away: bool = False
    written: list[int] = field(default_factory=list)

    def started(self):
        return self.process

    def write(self, deliveries):
        if self.is_away:
            return Away("away")
        self.written += [each.seq for each in deliveries]
        return Written()


class Bench:
    """A journal, a server that was fed from it, and the clock."""

    def __init__(self, journal, basin):
        self.server = Server()
        self.now_s = 100.0
        self.journal = journal
        self.progress = Progress(0, {}, 0)
        self.rewriting = self.begin(basin)

    def begin(self, basin):
        return Rewriting(self.server, Deliveries(basin), self.journal, self.progress, lambda: self.now_s)

    def feed(self, count=1):
        """Add frames to the journal, and have the server fed with them."""
        payload = encode_data(stage_batch(0, [500]))
        with self.journal.transaction() as transaction:
            frame = Frame(DATA, "lower", NOW_MS, b"key", 7, 0, 0, (0,), payload)
            head = transaction.add_frames([frame] * count)
        self.progress.move_head(head)
        self.progress.move("server", head)

    def step(self, after_s=EVERY_S):
        self.now_s += after_s
        while self.rewriting.step() == 0:
            pass

    @property
    def kept(self):
        return self.journal.cursors().get("server/kept", 0)


@pytest.fixture
def bench(tmp_path, basin):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.open()
    bench = Bench(journal, basin)
    for _ in range(2):  # the server is seen for the first time
        bench.step()
    yield bench
    journal.close()


def test_what_a_server_has_kept_for_long_enough_is_passed_and_not_written_again(bench):
    bench.feed(3)
    bench.step()
    bench.step(10)
    assert bench.kept == 0
    bench.step()
    assert (bench.kept, bench.server.written) == (3, [])


def test_what_was_not_kept_for_long_enough_is_written_again_after_a_start_of_the_server(bench):
    bench.feed(2)
    bench.step()
    bench.step(20)
    bench.feed(3)
    bench.step()
    bench.server.process = "second"
    bench.step()
    bench.feed(1)  # given back by the process before, and passed only now
    bench.step()
    assert (bench.kept, bench.server.written) == (6, [3, 4, 5, 6])
    bench.step(20)
    assert bench.server.written == [3, 4, 5, 6]


def test_much_is_written_again_in_groups(bench):
    bench.feed(GROUP_LIMIT + 1)
    bench.server.process = "second"
    bench.step()
    bench.step()
    assert bench.server.written == list(range(1, GROUP_LIMIT + 2))


def test_a_server_that_is_started_again_while_it_is_written_to_gets_all_of_it_again(bench):
    bench.feed(2)
    bench.server.process = "second"
    bench.step()
    bench.server.is_away = True
    bench.step()
    assert (bench.kept, bench.server.written) == (0, [])
    bench.server.process, bench.server.is_away = "third", False
    bench.step()
    bench.step()
    assert (bench.kept, bench.server.written) == (2, [1, 2])


def test_a_server_that_cannot_be_asked_passes_nothing(bench):
    bench.feed(2)
    bench.step()
    bench.server.process = None
    bench.step(60)
    assert bench.kept == 0


def test_after_a_start_of_the_gateway_what_was_not_passed_is_written_again(bench, basin):
    bench.feed(2)
    bench.step()
    bench.rewriting = bench.begin(basin)
    bench.step()
    bench.step()
    assert (bench.kept, bench.server.written) == (2, [1, 2])


def test_frames_that_are_trimmed_already_are_passed(bench):
    bench.feed(2)
    with bench.journal.transaction() as transaction:
        transaction.trim(2, 10)
    bench.server.process = "second"
    bench.step()
    bench.step()
    assert (bench.kept, bench.server.written) == (2, [])
